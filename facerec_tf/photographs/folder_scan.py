"""All photographs below a folder."""

from __future__ import annotations

import os
from pathlib import Path

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import Rejected

#: Suffixes of photographs, in lower case.
SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

#: The reason for leaving out names that begin with a dot.
HIDDEN = "it is hidden: its name begins with a dot"


def scan_folder(root: Path) -> tuple[list[Photo], list[Rejected]]:
    """Finds all photographs below `root`, by the suffixes of their names.

    Links are followed, except to a folder that contains them. Hidden files and folders are left
    out, as are folders that cannot be read.

    Returns:
        The photographs, sorted, each of the person its folder is named after; and the photographs
        and folders left out.

    Raises:
        DataError: If `root` does not exist or contains no photographs.
    """
    if not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    photos: list[Photo] = []
    rejected: list[Rejected] = []
    _walk(root, "", (), photos, rejected)
    if not photos:
        raise DataError(f"Folder '{root}' contains no photographs ({', '.join(sorted(SUFFIXES))}).")
    return sorted(photos), sorted(rejected)


def _walk(
    folder: Path,
    name: str,
    above: tuple[tuple[int, int], ...],
    photos: list[Photo],
    rejected: list[Rejected],
) -> None:
    """Adds the content of `folder` to `photos` or `rejected`.

    Args:
        folder: The folder.
        name: Its path below the root.
        above: Device and inode of every folder above it.
        photos: Photographs found so far.
        rejected: Files and folders left out so far.
    """
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        rejected.append(Rejected(name, f"the folder cannot be read: {error.strerror or error}"))
        return
    here = (status.st_dev, status.st_ino)
    if here in above:
        rejected.append(Rejected(name, "the link leads to a folder that contains it"))
        return
    for entry in entries:
        inner = f"{name}/{entry.name}" if name else entry.name
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            rejected.append(Rejected(inner, f"the link is broken: {error.strerror}"))
            continue
        if not (is_folder or is_photo(entry.name)):
            continue
        if entry.name.startswith("."):
            rejected.append(Rejected(printable(inner), HIDDEN))
        elif printable(inner) != inner:
            rejected.append(Rejected(printable(inner), "its name is not UTF-8"))
        elif is_folder:
            _walk(folder / entry.name, inner, (*above, here), photos, rejected)
        else:
            photos.append(Photo(inner, folder.name, entry.path))


def is_photo(name: str) -> bool:
    """Returns whether a file name has the suffix of a photograph."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def printable(name: str) -> str:
    """Escapes bytes that are not UTF-8, which Python reads from a disk as lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
