"""The frames of TFRecord files: the length before each record."""

from __future__ import annotations

import mmap
import os
import struct

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import require_regular_file

#: Length and its checksum, before the data of a record; the checksum of the data follows it.
_LENGTH = struct.Struct("<QI")
_FOOTER = 4


def require_frames(path: str | os.PathLike) -> None:
    """Raises `DataError` if a record of a TFRecord file is longer than the rest of the file.

    TensorFlow reserves memory for as many bytes as the length says, and ends the process if there
    are not so many. Reads 12 bytes per record.
    """
    require_regular_file(path)
    size = os.path.getsize(path)
    if not size:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        place = number = 0
        while place < size:
            is_cut = place + _LENGTH.size > size
            length = size if is_cut else _LENGTH.unpack_from(content, place)[0]
            place += _LENGTH.size + length + _FOOTER
            if place > size:
                raise DataError(
                    f"Record {number} of '{path}' is corrupt: it is longer than the rest of the "
                    "file, or the file is not a TFRecord file. Copy it again, or write it again."
                )
            number += 1
