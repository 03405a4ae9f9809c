"""A photograph of a person."""

from __future__ import annotations

from typing import NamedTuple

from facerec_tf.data.photo import UnreadableError


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

    def read(self) -> bytes:
        """Returns the encoded image.

        Raises:
            UnreadableError: If the file cannot be read.
        """
        if self.encoded is not None:
            return self.encoded
        try:
            with open(self.path, "rb") as file:
                return file.read()
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from None
