"""Checks of ZIP files, before their content is used."""

from __future__ import annotations

import os
import struct
import zipfile
from pathlib import Path

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import require_regular_file
from facerec_tf.core.quote import reason

#: Bytes that a file may unpack to: some, plus so many times its size.
_LEAST_CONTENT, _EXPANSION = 1 << 24, 20

#: First bytes of the record at the end of a ZIP file, its size, and that of its longest comment.
_END, _END_SIZE, _COMMENT = b"PK\x05\x06", 22, 1 << 16
#: Number of members that stands for "more than the record can hold".
_MANY = 0xFFFF


def require_intact_zip(path: str | os.PathLike, subject: str) -> None:
    """Raises `DataError` unless a ZIP file is complete and not a decompression bomb.

    Reads the file once: every member must match its checksum, which readers of a part of the file,
    such as HDF5, do not check.

    Args:
        path: The file.
        subject: What the file is, to begin the message: "Model 'x.keras'".
    """
    require_regular_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            size, content = os.path.getsize(path), sum(i.file_size for i in archive.infolist())
            if content > _LEAST_CONTENT + _EXPANSION * size:
                raise DataError(
                    f"{subject} is refused: its {size:,} bytes would unpack to {content:,} bytes."
                )
            if _declared_members(Path(path)) not in (len(archive.infolist()), _MANY):
                raise zipfile.BadZipFile("its list of members is incomplete")
            member = archive.testzip()
    except DataError:
        raise
    except Exception as error:  # Damaged headers raise errors of many classes.
        raise DataError(f"{subject} is damaged, or not a ZIP file: {reason(error)}.") from error
    if member is not None:
        raise DataError(
            f"{subject} is damaged: '{member}' in it does not match its checksum. Copy the file "
            "again, or write it again."
        )


def _declared_members(path: Path) -> int:
    """Returns the number of members in the record at the end; `zipfile` does not compare it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_SIZE - _COMMENT))
        end = file.read()
    (number,) = struct.unpack_from("<H", end, end.rindex(_END) + 10)
    return number
