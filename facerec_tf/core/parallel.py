"""Work spread over threads, as a stream: in order, and never far ahead of its reader."""

from __future__ import annotations

import collections
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from facerec_tf.core.errors import require_count

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Items that wait for each thread: enough that none runs dry, few enough to hold in memory.
_AHEAD = 16


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """Yields `function` of every item, in order, computed by several threads.

    For functions that spend their time outside Python, as decoding and detecting do.

    Args:
        function: What to compute; what it raises ends the iteration.
        items: Read by the caller's thread, a few at a time.
        threads: How many; by default one a core.

    Raises:
        ArgumentError: If `threads` is no positive integer.
    """
    threads = threads or os.cpu_count() or 1
    require_count("threads", threads)
    items = iter(items)
    pool = ThreadPoolExecutor(max_workers=threads)
    try:
        waiting = collections.deque(
            pool.submit(function, item) for item in itertools.islice(items, _AHEAD * threads)
        )
        while waiting:
            result = waiting.popleft().result()
            waiting.extend(pool.submit(function, item) for item in itertools.islice(items, 1))
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
