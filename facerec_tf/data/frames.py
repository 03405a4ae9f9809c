"""The frames of TFRecord files: the length before each record."""

from __future__ import annotations

import os
import struct
from pathlib import Path

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
    size = Path(path).stat().st_size
    with open(path, "rb", buffering=0) as file:
        place = number = 0
        while place < size:
            head = os.pread(file.fileno(), _LENGTH.size, place)
            length = _LENGTH.unpack(head)[0] if len(head) == _LENGTH.size else size
            place += _LENGTH.size + length + _FOOTER
            if place > size:
                raise DataError(
                    f"Record {number} of '{path}' is corrupt: it is longer than the rest of the "
                    "file, or the file is not a TFRecord file. Copy it again, or write it again."
                )
            number += 1
