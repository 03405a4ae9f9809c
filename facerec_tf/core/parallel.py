"""Ordered, bounded parallel map over threads."""

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

#: Queued items per thread: enough to keep every thread busy, few enough to fit in memory.
_AHEAD = 16


def ordered_map(
    function: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None
) -> Iterator[Result]:
    """Yields `function(item)` for each item, in order, computed by several threads.

    Meant for functions that release the GIL, such as image decoding and face detection. After
    Ctrl-C, running calls are not waited for.

    Args:
        function: The function; an exception it raises ends the iteration.
        items: The items; the caller's thread reads them, at most 16 per thread ahead.
        threads: Number of threads. Default: one per core.

    Raises:
        ArgumentError: If `threads` is not a positive integer.
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
    except KeyboardInterrupt:
        # A thread may be reading from a file system that does not answer.
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    except BaseException:
        pool.shutdown(cancel_futures=True)
        raise
    pool.shutdown()
