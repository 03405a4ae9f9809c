"""All photographs below a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.data.names import compose_name
from facerec_tf.data.photo import HEAD_BYTES, image_format
from facerec_tf.photographs.names import printable
from facerec_tf.photographs.photo import NOT_A_FILE, Photo
from facerec_tf.photographs.rejected import OTHER, Rejected, count_suffixes

#: Suffixes of photographs, in lower case. Files with another suffix, or none, are photographs if
#: their content begins as one.
SUFFIXES = frozenset(
    (
        *(".bmp", ".gif", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif"),
        *(".jp2", ".j2k", ".jpf", ".jpx", ".avif", ".heic", ".heif", ".hif"),
    )
)

#: The reason for leaving out names that begin with a dot.
HIDDEN = "it is hidden: its name begins with a dot"

#: The reason for leaving out files among the photographs that are of another kind.
NOT_AN_IMAGE = "it is not an image"

#: The files of camera sensors begin like TIFF, and contain only a small preview that can be read.
_NOT_BY_CONTENT = "TIFF"


def scan_folder(root: Path) -> tuple[list[Photo], list[Rejected]]:
    """Finds all photographs below `root`, by the suffixes of their names or by their content.

    Links to folders are followed, unless the folder is also found in another way: a link upwards
    would have no end. Hidden files and folders are left out, as are folders that cannot be read,
    and files that are not images. The names of photographs are in Unicode's form NFC.

    Returns:
        The photographs, sorted, each of the person its folder is named after; and the photographs,
        folders and other files left out.

    Raises:
        DataError: If `root` does not exist or contains no photographs.
    """
    if not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    with progress_bar(unit=" files", desc="scanning") as bar:
        scan = _Scan(bar)
        scan.run(root)
    if not scan.photos:
        others = count_suffixes(scan.rejected)
        raise DataError(
            f"Folder '{root}' contains no photographs ({', '.join(sorted(SUFFIXES))}), and no file "
            f"that begins as one.{f' Found: {others}' if others else ''}"
        )
    return sorted(with_unique_names(scan.photos)), sorted(scan.rejected)


class _Scan:
    """A walk through folders, without recursion, which Python limits to a depth of 1,000.

    Args:
        bar: Progress bar, advanced by every file and folder.

    Attributes:
        photos: The photographs, named by their path as it is on the disk.
        rejected: Files and folders left out.
    """

    def __init__(self, bar: Any) -> None:
        self.photos: list[Photo] = []
        self.rejected: list[Rejected] = []
        self._bar = bar
        self._seen: set[tuple[int, int]] = set()  # Device and inode of each folder.
        self._folders: list[tuple[Path, str]] = []  # Each with its path below the root.
        self._links: list[tuple[Path, str]] = []

    def run(self, root: Path) -> None:
        """Scans `root`, and links to folders after all folders that are not links."""
        self._folders = [(root, "")]
        while self._folders or self._links:
            if self._folders:
                self._scan(*self._folders.pop())
            else:
                self._links.sort(key=lambda link: link[1], reverse=True)
                self._scan(*self._links.pop())

    def _scan(self, folder: Path, name: str) -> None:
        try:
            status = folder.stat()
            here = (status.st_dev, status.st_ino)
            if here in self._seen:
                reason = "the link leads to a folder that is found in another way"
                self.rejected.append(Rejected(printable(name), reason))
                return
            self._seen.add(here)
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            reason = f"the folder cannot be read: {error.strerror or error}"
            self.rejected.append(Rejected(printable(name), reason))
            return
        self._bar.update(len(entries))
        for entry in entries:
            self._add(folder, entry, f"{name}/{entry.name}" if name else entry.name)

    def _add(self, folder: Path, entry: os.DirEntry, inner: str) -> None:
        try:
            is_folder = entry.is_dir()
        except OSError as error:
            reason = f"the link is broken: {error.strerror or error}"
            self.rejected.append(Rejected(printable(inner), reason))
            return
        named = is_folder or is_photo(entry.name)
        if entry.name.startswith("."):
            if named:
                self.rejected.append(Rejected(printable(inner), HIDDEN))
        elif not named and not begins_like_photo(_head(entry)):
            self.rejected.append(Rejected(printable(inner), NOT_AN_IMAGE, OTHER))
        elif printable(inner) != inner:
            self.rejected.append(Rejected(printable(inner), "its name is not UTF-8"))
        elif is_folder:
            found = self._links if entry.is_symlink() else self._folders
            found.append((folder / entry.name, inner))
        elif not entry.is_file() and os.path.exists(entry.path):
            self.rejected.append(Rejected(inner, NOT_A_FILE))
        else:
            self.photos.append(Photo(inner, compose_name(folder.name), entry.path))


def is_photo(name: str) -> bool:
    """Returns whether a file name has the suffix of a photograph."""
    return os.path.splitext(name)[1].lower() in SUFFIXES


def begins_like_photo(head: bytes) -> bool:
    """Returns whether a file whose suffix is not in `SUFFIXES` is a photograph by its content.

    Args:
        head: The first `HEAD_BYTES` bytes of the file.
    """
    kind = image_format(head)
    return kind is not None and kind != _NOT_BY_CONTENT


def _head(entry: os.DirEntry) -> bytes:
    """Returns the first bytes of a file, none if it cannot be read."""
    try:
        # The files of /proc and /sys have no size, and reading some of them waits for events.
        if not entry.is_file() or not entry.stat().st_size:
            return b""
        with open(entry.path, "rb", buffering=0) as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def with_unique_names(photos: list[Photo]) -> list[Photo]:
    """Returns the photographs with names in form NFC, except where two would have one name."""
    taken = {photo.name for photo in photos}
    named = []
    for photo in photos:
        name = compose_name(photo.name)
        if name not in taken:
            taken.add(name)
            photo = photo._replace(name=name)
        named.append(photo)
    return named
