"""Atomic writes, text and CSV files read with clear errors, and digests."""

from __future__ import annotations

import contextlib
import csv
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from facerec_tf.core.durable import sync, sync_all
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.temporary import temporary_directory, temporary_name


def require_writable(directory: str | os.PathLike) -> None:
    """Raises `UserError` unless `directory` can be created, or written to if it exists.

    TensorFlow cannot write to a folder whose name is not valid UTF-8.
    """
    directory = Path(directory)
    try:
        os.fspath(directory).encode()
    except UnicodeEncodeError:
        raise UserError(f"Cannot write '{directory}': the name is not valid UTF-8.") from None
    existing = next(p for p in (directory, *directory.absolute().parents) if p.exists())
    if not existing.is_dir():
        raise UserError(f"Cannot write '{directory}': '{existing}' is a file.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"Cannot write '{directory}': no permission in '{existing}'.")


@contextlib.contextmanager
def atomic_file(path: str | os.PathLike, durable: bool = False) -> Iterator[Path]:
    """Yields a temporary path that becomes `path` when the block ends without an error.

    The temporary file is in the same folder, so the final rename is atomic. Its permissions are
    those of an existing file at `path`, or follow the umask.

    Args:
        path: The file to write.
        durable: Whether to wait until the content is on the disk before the rename, and the rename
            afterwards: the file is then complete or absent after a power failure, too.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        with _naming(path):
            os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
            yield temporary
            _finish(temporary, path, durable)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_directory(path: str | os.PathLike, durable: bool = False) -> Iterator[Path]:
    """Yields a temporary folder that becomes `path` when the block ends without an error.

    An existing folder at `path` is replaced only when the new one is complete. Temporary folders
    that a killed process left beside `path` are removed first; see `core/temporary.py`.

    Args:
        path: The folder to write; a link to a folder stands for that folder.
        durable: As in `atomic_file`.
    """
    path = Path(os.path.realpath(path) if os.path.islink(path) else path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _naming(path), temporary_directory(path) as temporary:
        yield temporary
        _finish(temporary, path, durable)


def _finish(temporary: Path, path: Path, durable: bool) -> None:
    """Renames `temporary` to `path`; a folder replaces a folder there, and a file a file."""
    if path.exists():
        temporary.chmod(stat.S_IMODE(path.stat().st_mode))
    if durable:
        sync_all(temporary)
    if temporary.is_dir() and path.is_dir():
        shutil.rmtree(path)
    temporary.replace(path)
    if durable:
        sync(path.parent)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Adds `path` to errors of writing that name no file, such as that of a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


#: Bytes above which a table, list or description is not read: those of 100 million records.
LARGEST_TEXT = 1 << 34

#: Bytes above which a description of a model, a run or a file is not read.
LARGEST_JSON = 1 << 28


def require_regular_file(
    path: str | os.PathLike, kind: str = "", max_bytes: int | None = None
) -> None:
    """Raises `DataError` unless `path` is a regular file, or a link to one.

    A named pipe would block the reader for ever, and a device such as /dev/zero does not end.

    Args:
        path: The file.
        kind: What the file is, for messages, as in `read_text`.
        max_bytes: Size above which the file is refused; None for any size.
    """
    try:
        with _readable(path, kind):
            status = os.stat(path)
    except ValueError:  # A null character, or a surrogate that stands for no byte.
        raise DataError(f"Cannot read {_named(path, kind)}: the name is not valid.") from None
    if not stat.S_ISREG(status.st_mode):
        found = next((n for is_kind, n in _KINDS.items() if is_kind(status.st_mode)), "not a file")
        raise DataError(f"Cannot read {_named(path, kind)}: it is {found}.")
    if max_bytes is not None and status.st_size > max_bytes:
        raise DataError(
            f"Cannot read {_named(path, kind)}: it has {status.st_size:,} bytes, and at most "
            f"{max_bytes:,} are read."
        )


_KINDS = {
    stat.S_ISDIR: "a folder",
    stat.S_ISFIFO: "a named pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


def read_bytes(path: str | os.PathLike, kind: str = "", max_bytes: int | None = None) -> bytes:
    """Returns the content of a regular file.

    Raises:
        DataError: As `require_regular_file` does, or if the file cannot be read.
    """
    require_regular_file(path, kind, max_bytes)
    with _readable(path, kind):
        return Path(path).read_bytes()


def read_json(path: str | os.PathLike, kind: str = "") -> dict[str, Any]:
    """Returns the object in a JSON file of at most `LARGEST_JSON` bytes.

    Raises:
        DataError: If the file cannot be read, is not valid JSON, or holds another type than an
            object.
    """
    text = read_text(path, kind, max_bytes=LARGEST_JSON)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise DataError(
            f"{_capitalized(_named(path, kind))} is not valid JSON: {reason}."
        ) from None
    if not isinstance(found, dict):
        raise DataError(
            f"{_capitalized(_named(path, kind))} must hold a JSON object. "
            f"Found: {type(found).__name__}"
        )
    return found


def read_text(
    path: str | os.PathLike, kind: str = "", bom: bool = False, max_bytes: int = LARGEST_TEXT
) -> str:
    """Returns the text of a UTF-8 file; line endings become newline characters.

    Args:
        path: The file.
        kind: What the file is, for messages: "split file" gives "Cannot read split file 'x': …".
        bom: Whether to skip a byte-order mark, which spreadsheets and Windows editors write.
        max_bytes: Size above which the file is refused.

    Raises:
        DataError: If the file cannot be read or is not valid UTF-8.
    """
    require_regular_file(path, kind, max_bytes)
    with _readable(path, kind):
        return Path(path).read_text(encoding=_encoding(bom))


def read_csv(
    path: str | os.PathLike,
    kind: str = "",
    header: Sequence[str] | None = None,
    bom: bool = False,
) -> list[tuple[int, list[str]]]:
    """Returns the rows of a UTF-8 CSV file, each with the number of its last line.

    Args:
        path: The file.
        kind: What the file is, for messages, as in `read_text`.
        header: The required first row, which is not returned; None returns all rows unchecked.
        bom: Whether to skip a byte-order mark.

    Raises:
        DataError: If the file cannot be read, is not valid UTF-8 or CSV, or begins with another
            header.
    """
    require_regular_file(path, kind, LARGEST_TEXT)
    with _readable(path, kind), open(path, newline="", encoding=_encoding(bom)) as file:
        reader = csv.reader(file, strict=True)
        try:
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            line = reader.line_num
            raise DataError(
                f"Line {line} of {_named(path, kind)} is not valid CSV: {error}."
            ) from None
    if header is None:
        return rows
    if not rows or tuple(rows[0][1]) != tuple(header):
        expected, found = ",".join(header), ",".join(rows[0][1]) if rows else "an empty file"
        raise DataError(
            f"{_capitalized(_named(path, kind))} must begin with the header {expected}. "
            f"Found: {found}"
        )
    return rows[1:]


def sha256(path: str | os.PathLike) -> str:
    """Returns the SHA-256 of the file at `path`, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def _readable(path: str | os.PathLike, kind: str) -> Iterator[None]:
    """Turns errors of reading and decoding `path` into `DataError`."""
    try:
        yield
    except OSError as error:
        raise DataError(f"Cannot read {_named(path, kind)}: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        subject = _capitalized(_named(path, kind))
        raise DataError(f"{subject} is not valid UTF-8: {error}.") from None


def _encoding(bom: bool) -> str:
    return "utf-8-sig" if bom else "utf-8"


def _named(path: str | os.PathLike, kind: str) -> str:
    return f"{kind} '{path}'".lstrip()


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
