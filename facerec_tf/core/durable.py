"""Waiting until files are on the disk, so that they survive a power failure."""

from __future__ import annotations

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Waits until the content of a file, or the entries of a folder, are on the disk."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def sync_all(path: Path) -> None:
    """Waits until a file, or a folder with everything in it, is on the disk."""
    for folder, _, names in os.walk(path):
        for name in names:
            sync(Path(folder, name))
        sync(Path(folder))
    if path.is_file():
        sync(path)
