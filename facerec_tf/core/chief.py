"""Console output, from one process when several train together.

In a cluster every process runs the same program. One of them, the chief, prints for all. A process
outside a cluster is its own chief.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from facerec_tf.core.errors import ArgumentError


def is_chief() -> bool:
    """Whether this process is the one that prints, and writes the files that all share.

    The task comes from the cluster resolver of the current `tf.distribute` strategy if it has one,
    otherwise from the environment variable `TF_CONFIG`. The chief is the task of type `chief`, or
    worker 0 of a cluster without such a task.

    Raises:
        ArgumentError: If `TF_CONFIG` is not valid.
    """
    kind, index, kinds = _strategy_task() or _environment_task()
    return kind is None or kind == "chief" or ("chief" not in kinds and (kind, index) == _FIRST)


def emit(text: str, *, verbose: int = 1, file: TextIO | None = None) -> None:
    """Prints `text` and a newline, on the chief only.

    Args:
        text: The message.
        verbose: 0 prints nothing, and only passes the message to the functions of `copied_to`.
        file: Stream to write to; standard output by default.
    """
    if not is_chief():
        return
    for write in _COPIES:
        write(text)
    if verbose:
        print(text, file=file, flush=True)


@contextlib.contextmanager
def copied_to(write: Callable[[str], None]) -> Iterator[None]:
    """Context in which every message of `emit` is passed to `write`, too, printed or not."""
    _COPIES.append(write)
    try:
        yield
    finally:
        _COPIES.remove(write)


#: Functions that receive each message: those of the contexts of `copied_to`.
_COPIES: list[Callable[[str], None]] = []


def progress_bar(iterable: Iterable[Any] | None = None, *, verbose: int = 1, **options: Any) -> Any:
    """A `tqdm` progress bar, shown by the chief if standard error is a terminal.

    Args:
        iterable: Items to iterate over; None for a bar that is advanced by `update`.
        verbose: 0 shows no bar.
        **options: Arguments of `tqdm`, such as `total` and `unit`.
    """
    from tqdm import tqdm

    # tqdm shows a bar on terminals only if `disable` is None.
    return tqdm(iterable, disable=None if verbose and is_chief() else True, **options)


#: The task that is the chief of a cluster without a task of type `chief`.
_FIRST = ("worker", 0)

#: Type and index of this process's task, and the task types of its cluster.
_Task = tuple[str | None, int, frozenset[str]]


def _strategy_task() -> _Task | None:
    # A process that has not imported TensorFlow has no strategy, and need not import it to print.
    if (tensorflow := sys.modules.get("tensorflow")) is None:
        return None
    resolver = tensorflow.distribute.get_strategy().cluster_resolver
    if resolver is None or not resolver.task_type:
        return None
    return resolver.task_type, resolver.task_id, frozenset(resolver.cluster_spec().jobs)


def _environment_task() -> _Task:
    text = os.environ.get("TF_CONFIG")
    try:
        cluster = json.loads(text) if text else {}
        task = cluster.get("task", {})
        return task.get("type"), int(task.get("index", 0)), frozenset(cluster.get("cluster", {}))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ArgumentError(
            "Environment variable TF_CONFIG must be JSON with 'cluster' and 'task'. "
            f"Received: TF_CONFIG={text!r}"
        ) from error
