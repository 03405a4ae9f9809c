"""Temporary folders beside an output, which the next command removes if a process was killed."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from facerec_tf.core.chief import emit
from facerec_tf.core.lock import FileLock, LockedError

#: Name of the lock file of a temporary folder: the folder's name and a suffix.
_OWNER = re.compile(r"(?P<folder>\..+-[0-9a-f]{8})\.owner", re.DOTALL)


def temporary_name(path: Path) -> Path:
    """Returns a random hidden name in the folder of `path`, with the suffix of `path`."""
    return path.with_name(f".{path.stem}-{secrets.token_hex(4)}{path.suffix}")


@contextlib.contextmanager
def temporary_directory(path: Path) -> Iterator[Path]:
    """Yields a new folder beside `path`, which is deleted at the end of the block.

    Its permissions follow the umask. A lock file beside it, `NAME.owner`, is locked during the
    block. First removes the temporary folders beside `path` whose processes were killed.

    Args:
        path: The output, which need not exist; its parent must.
    """
    remove_abandoned(path.parent)
    folder, lock = _reserve(path)
    try:
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        lock.release()


def _reserve(path: Path) -> tuple[Path, FileLock]:
    """Returns a name for a temporary folder beside `path`, and its lock."""
    while True:
        folder = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        # Another process may be looking at the lock file, before it is locked here.
        with contextlib.suppress(LockedError):
            return folder, FileLock(f"{folder}.owner")


def remove_abandoned(parent: Path) -> None:
    """Removes the temporary folders in `parent` that no living process owns, and reports each.

    Folders of living processes are kept, and all of them on file systems without locks.
    """
    for entry in os.listdir(parent):
        if match := _OWNER.fullmatch(entry):
            _remove_if_abandoned(parent / match["folder"], parent / entry)


def _remove_if_abandoned(folder: Path, owner: Path) -> None:
    try:
        lock = FileLock(owner)
    except (LockedError, OSError):  # In use, or of another user.
        return
    if not lock.is_supported:
        lock.close()
        return
    if folder.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        emit(f"Removed '{folder}', which an interrupted command had left.", file=sys.stderr)
    lock.release()
