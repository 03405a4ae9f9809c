"""Reads TFRecord files that may be damaged, and continues after the damage.

A record is its length (8 bytes, little endian), a checksum of that (4), its data, and a checksum of
these (4). Checksums are CRC-32C, masked (TensorFlow, `tensorflow/core/lib/io/record_writer.h`).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from facerec_tf.core.errors import DataError

_HEADER, _FOOTER = 12, 4

#: The polynomial of CRC-32C, bits reversed, and the constant that TFRecord adds to the checksum.
_POLYNOMIAL, _MASK = 0x82F63B78, 0xA282EAD8


class Frame(NamedTuple):
    """One record of a shard, intact or damaged.

    Attributes:
        index: Its number in the shard, from 0; records whose headers are lost are not counted.
        offset: Its position in the file, in bytes.
        data: The serialized record, or None if it is damaged.
        fault: Description of its fault, or None.
    """

    index: int  # type: ignore[assignment]  # Replaces the method of tuples.
    offset: int
    data: bytes | None
    fault: str | None = None


def read_frames(path: str | os.PathLike, verify: bool = True) -> Iterator[Frame]:
    """Yields every record of a shard; a damaged record is followed by the next intact one.

    Args:
        path: The file.
        verify: Whether to verify the checksums of the data, at about 10 MB per second. Lengths are
            always verified.

    Raises:
        OSError: If the file cannot be read.
    """
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        index = offset = 0
        while offset < size:
            frame, end = _read(file, index, offset, verify)
            yield frame
            index += 1
            offset = _next_record(file, offset + 1, size) if end is None else end


def read_frame(path: str | os.PathLike, offset: int) -> bytes:
    """Returns the data of the record that begins at `offset`, without verifying its checksum.

    Raises:
        DataError: If the record is damaged or incomplete.
    """
    with open(path, "rb") as file:
        frame, _ = _read(file, 0, offset, verify=False)
    if frame.data is None:
        raise DataError(f"The record at byte {offset} of {path} is damaged: {frame.fault}")
    return frame.data


def _read(file: BinaryIO, index: int, offset: int, verify: bool) -> tuple[Frame, int | None]:
    """Reads the record at `offset`; also returns its end, or None if that is unknown."""
    file.seek(offset)
    header = file.read(_HEADER)
    length = _length(header)
    if length is None:
        reason = "the file is cut short" if len(header) < _HEADER else "its length is damaged"
        return Frame(index, offset, None, reason), None
    data, footer = file.read(length), file.read(_FOOTER)
    if len(footer) < _FOOTER:
        return Frame(index, offset, None, "the file is cut short"), file.tell()
    if verify and struct.pack("<I", _checksum(data)) != footer:
        return Frame(index, offset, None, "its checksum does not match"), file.tell()
    return Frame(index, offset, data), file.tell()


def _next_record(file: BinaryIO, offset: int, size: int) -> int:
    """Position of the next intact header from `offset` on; `size` if there is none."""
    file.seek(offset)
    rest = file.read()
    # The upper four bytes of a length below 4 GB are zero, which is rare in compressed images.
    place = rest.find(bytes(4), 4)
    while place >= 0:
        length = _length(rest[place - 4 : place - 4 + _HEADER])
        if length is not None and place - 4 + _HEADER + length + _FOOTER <= len(rest):
            return offset + place - 4
        place = rest.find(bytes(4), place + 1)
    return size


def _length(header: bytes) -> int | None:
    """The length in a record's header; None if it does not match its checksum."""
    if len(header) < _HEADER:
        return None
    length, checksum = struct.unpack("<QI", header)
    return length if _checksum(header[:8]) == checksum else None


def _make_table() -> list[int]:
    table = list(range(256))
    for _ in range(8):
        table = [(crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0) for crc in table]
    return table


_TABLE = _make_table()


def _checksum(data: bytes) -> int:
    """Returns the masked CRC-32C of `data`."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF
