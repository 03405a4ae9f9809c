"""MXNet's record files, read without MXNet.

The format is that of dmlc-core's `include/dmlc/recordio.h` and of `python/mxnet/recordio.py`.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import require_regular_file

#: The first four bytes of every part of a record.
MAGIC = 0xCED7230A

#: Magic, then kind (upper 3 bits) and length (lower 29) of a part.
_PART = struct.Struct("<II")
_LENGTH_BITS = 29

#: Kinds of parts. A record is split wherever the magic number occurs in it.
_WHOLE, _FIRST, _MIDDLE, _LAST = range(4)

#: Number of labels that follow the header (0: it contains the label), label, two ids.
_HEADER = struct.Struct("<IfQQ")


class MXRecord(NamedTuple):
    """One record.

    Attributes:
        key: Number of the record.
        labels: One or more numbers; the first is the identity.
        content: The encoded image; empty in records that describe others.
    """

    key: int
    labels: tuple[float, ...]
    content: bytes


class MXRecordFile:
    """A `.rec` file, mapped into memory; a context manager that closes it.

    Args:
        path: The file.

    Raises:
        DataError: If the file cannot be read or is empty.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        require_regular_file(path, "record file")
        try:
            with open(path, "rb") as file:
                self._content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise DataError(
                f"Cannot read record file '{path}': {error.strerror or error}."
            ) from None
        except ValueError:
            raise DataError(f"Record file '{path}' is empty.") from None

    def __enter__(self) -> MXRecordFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._content.close()

    def __len__(self) -> int:
        """Returns the size of the file in bytes."""
        return len(self._content)

    def starts(self) -> np.ndarray:
        """Returns the offset of every record in bytes, int64 `[records]`.

        Raises:
            DataError: If the file is incomplete or damaged; names the record.
        """
        return np.fromiter(self._walk(), np.int64)

    def read(self, start: int) -> MXRecord:
        """Returns the record that begins at `start`.

        Raises:
            DataError: If there is none, or it is shorter than its header says.
        """
        parts: list[bytes] = []
        place, kind = start, _FIRST
        while kind in (_FIRST, _MIDDLE):
            kind, begin, end = self._part(place, f"at byte {start}")
            parts.append(self._content[begin:end])
            place = _padded(end)
        payload = parts[0] if len(parts) == 1 else MAGIC.to_bytes(4, "little").join(parts)
        try:
            count, label, key, _ = _HEADER.unpack_from(payload)
            labels = struct.unpack_from(f"<{count}f", payload, _HEADER.size) if count else (label,)
        except struct.error:
            raise DataError(
                f"The record at byte {start} of '{self.path}' is shorter than its header says."
            ) from None
        return MXRecord(key, labels, payload[_HEADER.size + 4 * count :])

    def _walk(self) -> Iterator[int]:
        place, number, size = 0, 0, len(self._content)
        while place < size:
            start, kind = place, _MIDDLE
            while kind in (_FIRST, _MIDDLE):
                is_first = place == start
                kind, _, end = self._part(place, str(number))
                if is_first != (kind in (_WHOLE, _FIRST)):
                    raise DataError(
                        f"Record {number} of '{self.path}' is damaged: its parts are out of order."
                    )
                place = _padded(end)
            yield start
            number += 1

    def _part(self, place: int, record: str) -> tuple[int, int, int]:
        """Returns kind, begin and end of the part at `place`."""
        try:
            magic, word = _PART.unpack_from(self._content, place)
        except struct.error:
            raise self._cut(record) from None
        if magic != MAGIC:
            raise DataError(
                f"Record {record} of '{self.path}' begins with {magic:#010x}, expected "
                f"{MAGIC:#010x}: the file is damaged, or not one of MXNet's record files."
            )
        begin = place + _PART.size
        end = begin + (word & ((1 << _LENGTH_BITS) - 1))
        if end > len(self._content):
            raise self._cut(record)
        return word >> _LENGTH_BITS, begin, end

    def _cut(self, record: str) -> DataError:
        return DataError(
            f"Record {record} of '{self.path}' is incomplete: the file ends at byte "
            f"{len(self._content):,}. Copy the file again."
        )


def _padded(end: int) -> int:
    """Returns the begin of the next part, a multiple of four bytes."""
    return end + -end % 4
