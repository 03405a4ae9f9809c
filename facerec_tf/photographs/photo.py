"""A photograph of a person."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from facerec_tf.data.photo import TooLargeError, UnreadableError

#: Size of the largest file that is read: 150 million pixels without compression take 450 MB.
MAX_BYTES = 500_000_000

#: The reason for leaving out what has a name but no content of its own.
NOT_A_FILE = "it is a named pipe, a socket or a device, not a file"


class Photo(NamedTuple):
    """A photograph in a file, or held in memory.

    Attributes:
        name: Name in the data set, `PERSON/FILE.jpg`; unique.
        person: Name of the person shown.
        path: The file; used if `encoded` is None.
        encoded: The bytes of the file, or None.
    """

    name: str
    person: str
    path: str = ""
    encoded: bytes | None = None

    def read(self, max_bytes: int = MAX_BYTES) -> bytes:
        """Returns the encoded image.

        Kind and size of the file are checked first: reading a named pipe would wait for ever, and
        reading a device such as /dev/zero would not end.

        Args:
            max_bytes: Size of the largest file that is read.

        Raises:
            TooLargeError: If the file is larger than `max_bytes`.
            UnreadableError: If it is not a regular file, or cannot be read.
        """
        if self.encoded is not None:
            _require_size(len(self.encoded), max_bytes)
            return self.encoded
        try:
            # Without O_NONBLOCK, opening a named pipe would already wait.
            with open(os.open(self.path, os.O_RDONLY | _NO_WAIT), "rb") as file:
                status = os.fstat(file.fileno())
                if not stat.S_ISREG(status.st_mode):
                    raise UnreadableError(NOT_A_FILE)
                _require_size(status.st_size, max_bytes)
                return file.read()
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from None


_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def _require_size(found: int, max_bytes: int) -> None:
    if found > max_bytes:
        raise TooLargeError(
            f"too large: the file has {found / 1e6:,.0f} MB, more than {max_bytes / 1e6:g}"
        )
