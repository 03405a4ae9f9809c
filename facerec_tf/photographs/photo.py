"""What every importer speaks of: photographs of people, and what was left out of them."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import NamedTuple

from facerec_tf.core.files import atomic_file
from facerec_tf.data.photo import UnreadableError


class Photo(NamedTuple):
    """One photograph, not read yet or held in memory.

    Attributes:
        name: Its name in the data set, `PERSON/FILE.jpg`; unique.
        person: Whom it shows.
        path: Where it lies, or None.
        encoded: Its bytes, if it lies in no file of its own.
    """

    name: str
    person: str
    path: str | None = None
    encoded: bytes | None = None

    def read(self) -> bytes:
        """Returns its bytes.

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


class Rejected(NamedTuple):
    """A file, or a whole folder, that was left out, and why."""

    file: str
    reason: str


def write_rejected(path: str | os.PathLike, rejected: Iterable[Rejected]) -> None:
    """Writes what was left out as CSV, sorted by name."""
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Rejected._fields)
        writer.writerows(sorted(rejected))
