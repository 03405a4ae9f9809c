"""Photographs in a folder and all folders below it."""

from __future__ import annotations

import os
from pathlib import Path

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.photo import Photo, Rejected

#: What the names of photographs end in, in lower case.
SUFFIXES = frozenset(
    (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
)

#: Why what begins with a dot is left out.
HIDDEN = "it is hidden: its name begins with a dot"


def find_photos(root: Path) -> tuple[list[Photo], list[Rejected]]:
    """Finds all photographs below `root`, by the suffixes of their names.

    Hidden files and folders are left out, and folders that cannot be read or lead back to one above
    them; other links are followed.

    Returns:
        The photographs, sorted, each of the person its folder is named after, and what was left
        out, but for files that are no images.

    Raises:
        DataError: If `root` is no folder or holds no photographs.
    """
    if not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    photos: list[Photo] = []
    rejected: list[Rejected] = []
    _walk(root, "", (), photos, rejected)
    if not photos:
        raise DataError(f"Folder '{root}' holds no photographs ({', '.join(sorted(SUFFIXES))}).")
    return sorted(photos), sorted(rejected)


def _walk(
    folder: Path,
    name: str,
    above: tuple[tuple[int, int], ...],
    photos: list[Photo],
    rejected: list[Rejected],
) -> None:
    """Adds what lies in `folder`, called `name`, to `photos` or `rejected`.

    `above` are the devices and inodes of the folders it lies in.
    """
    try:
        status = folder.stat()
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        rejected.append(Rejected(name, f"the folder cannot be read: {error.strerror or error}"))
        return
    here = (status.st_dev, status.st_ino)
    if here in above:
        rejected.append(Rejected(name, "the link leads back to a folder above it"))
        return
    for entry in entries:
        inner = f"{name}/{entry.name}" if name else entry.name
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            rejected.append(Rejected(inner, f"the link leads nowhere: {error.strerror}"))
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
    """Returns whether a file is called like a photograph."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def printable(name: str) -> str:
    """Returns `name` with bytes that are not UTF-8, which come as lone surrogates, escaped."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
