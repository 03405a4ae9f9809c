"""Faults of records, and the list that they are written to."""

from __future__ import annotations

import collections
from pathlib import Path
from typing import NamedTuple

from facerec_tf.core.spreadsheet import SpreadsheetWriter

FILE_NAME = "faults.csv"


class Fault(NamedTuple):
    """A fault of a record, a shard or a manifest.

    Attributes:
        kind: "image", "record", "label", "name", "shard", "manifest" or "pairs": the
            faulty part.
        shard: File of the fault.
        index: Number of the record in the file, from 0, if a record is faulty.
        file: Name of the image, if known.
        reason: Description of the fault.
    """

    kind: str
    shard: str
    index: int | None  # type: ignore[assignment]  # Replaces the method of tuples.
    file: str | None
    reason: str


class FaultList:
    """Faults in a CSV file, written when they are found: there may be as many as images.

    Args:
        folder: Folder to make `faults.csv` in.

    Attributes:
        counts: Kind → number of faults.
    """

    def __init__(self, folder: Path) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        # Closed by `close`.
        self._file = open(folder / FILE_NAME, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self._rows = SpreadsheetWriter(self._file)
        self._rows.writerow(Fault._fields)

    def __enter__(self) -> FaultList:
        """Returns the list itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the file."""
        self._file.close()

    def add(self, fault: Fault) -> None:
        """Adds `fault` to the file."""
        self.counts[fault.kind] += 1
        self._rows.writerow(fault)
