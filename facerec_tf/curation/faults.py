"""Faults of records, listed as they are found."""

from __future__ import annotations

import collections
import csv
from pathlib import Path
from typing import NamedTuple

FILE_NAME = "faults.csv"


class Fault(NamedTuple):
    """One thing that is wrong.

    Attributes:
        kind: "image", "record", "label", "name", "shard", "manifest" or "pairs": what it is with.
        shard: File it is in.
        index: Number of the record there, from 0, if it is one.
        file: Name of the image, if known.
        reason: Description of the fault.
    """

    kind: str
    shard: str
    index: int | None  # type: ignore[assignment]  # In place of the method of tuples.
    file: str | None
    reason: str


class FaultList:
    """Faults in a CSV file, written as they come: there may be as many as images.

    Args:
        folder: Folder to make `faults.csv` in.

    Attributes:
        counts: Kind → how many.
    """

    def __init__(self, folder: Path) -> None:
        self.counts: collections.Counter[str] = collections.Counter()
        # Closed by `close`.
        self._file = open(folder / FILE_NAME, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(Fault._fields)

    def __enter__(self) -> FaultList:
        """Returns the list itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the file."""
        self._file.close()

    def add(self, fault: Fault) -> None:
        """Lists `fault`."""
        self.counts[fault.kind] += 1
        self._rows.writerow(fault)
