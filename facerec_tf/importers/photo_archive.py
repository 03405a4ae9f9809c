"""Photographs in a tar archive, which may be damaged or made to exhaust memory."""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import require_regular_file
from facerec_tf.photographs.photo import Photo

#: Bytes of one photograph and of all; LFW has 200 MB.
LARGEST_PHOTO = 1 << 26
LARGEST_ARCHIVE = 1 << 34

#: Files and folders in an archive; LFW has 18,983.
MOST_MEMBERS = 200_000

#: Bytes of a header that is longer than a block, such as one for a long name.
_LONGEST_HEADER = 1 << 16

#: Bytes of padding after the last member.
_LONGEST_END = 1 << 20

_LONG_HEADERS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)


def count_photos(archive: Path) -> int:
    """Returns the number of photographs in a tar, and checks all that can be checked in headers.

    Raises:
        DataError: As `read_photos` does.
    """
    with _opened(archive) as tar:
        return sum(1 for _ in _members(tar, archive))


def read_photos(archive: Path) -> Iterator[Photo]:
    """Yields the photographs in a tar, named `PERSON/PERSON_0001.jpg`.

    Raises:
        DataError: If the archive cannot be read or is damaged; a member is not a file or folder, is
            stored outside the archive's folder, or is too large; or two photographs have the same
            name.
    """
    with _opened(archive) as tar:
        for found in _members(tar, archive):
            if file := tar.extractfile(found.member):
                yield Photo(found.name, person_of(found.name), encoded=file.read())


def person_of(image: str) -> str:
    """Returns the person of `PERSON/PERSON_0001.jpg`."""
    return image.split("/")[0]


class _Member(NamedTuple):
    """A photograph in an archive: its entry, and its name `PERSON/FILE.jpg`."""

    member: tarfile.TarInfo
    name: str


class _TarInfo(tarfile.TarInfo):
    """An entry whose further headers are short, as `tarfile` reads them into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _TarInfo:
        member = super().frombuf(buf, encoding, errors)
        if member.type in _LONG_HEADERS and member.size > _LONGEST_HEADER:
            raise tarfile.TarError(f"a header has {member.size:,} bytes")
        return member


@contextlib.contextmanager
def _opened(archive: Path) -> Iterator[tarfile.TarFile]:
    """Opens an archive as a stream; errors of reading it become `DataError`."""
    require_regular_file(archive, "archive")
    try:
        with open(archive, "rb") as file, _unpacked(file) as content:
            with tarfile.open(fileobj=content, mode="r|*", tarinfo=_TarInfo) as tar:
                yield tar
            # gzip compares its checksum, which tarfile's own reader ignores, at the end.
            if len(content.read(_LONGEST_END)) == _LONGEST_END:
                raise tarfile.TarError(f"at least {_LONGEST_END:,} bytes follow its end")
    except OSError as error:
        raise DataError(f"Cannot read archive '{archive}': {error.strerror or error}.") from None
    except (tarfile.TarError, zlib.error, EOFError, ValueError, OverflowError) as error:
        raise DataError(f"Archive '{archive}' is damaged or incomplete: {error}.") from None


def _unpacked(file: io.BufferedReader) -> io.BufferedIOBase:
    """Returns the content of a file that gzip may have compressed."""
    is_gzip = file.peek(2)[:2] == b"\x1f\x8b"
    return gzip.GzipFile(fileobj=file) if is_gzip else file


def _members(tar: tarfile.TarFile, archive: Path) -> Iterator[_Member]:
    """Yields the photographs of an archive; checks the headers of all members."""
    paths: dict[str, str] = {}
    total = 0
    for count, member in enumerate(tar, start=1):
        fault = _fault(member)
        if count > MOST_MEMBERS:
            fault = f"follows {MOST_MEMBERS:,} others, and no more are read"
        if not fault and member.isfile() and member.name.endswith(".jpg"):
            name = "/".join(PurePosixPath(member.name).parts[-2:])
            total += member.size
            if name in paths:
                fault = f"is a second photograph '{name}', after '{paths[name]}'"
            elif total > LARGEST_ARCHIVE:
                fault = (
                    f"makes {total:,} bytes of photographs; at most {LARGEST_ARCHIVE:,} are read"
                )
            else:
                paths[name] = member.name
                yield _Member(member, name)
        if fault:
            raise DataError(f"Archive '{archive}': member '{member.name}' {fault}.")


def _fault(member: tarfile.TarInfo) -> str | None:
    """Returns why a member is refused, whatever it is used for, or None."""
    if not (member.isfile() or member.isdir()):
        return "is a link or a device; only files and folders are expected"
    if member.name.startswith("/") or ".." in PurePosixPath(member.name).parts:
        return "leads out of the archive's folder"
    if member.name.endswith(".jpg") and member.size > LARGEST_PHOTO:
        return f"has {member.size:,} bytes, and at most {LARGEST_PHOTO:,} are read"
    if any("\ud800" <= character <= "\udfff" for character in member.name):
        return "has a name that is not valid UTF-8"
    return None
