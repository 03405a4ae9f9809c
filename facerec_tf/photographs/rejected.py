"""The list of files that gave no crop, and why."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from facerec_tf.core.files import atomic_file
from facerec_tf.data.damaged import require_few_damaged

#: Name of the list in the output folder.
REJECTED_FILE = "rejected.csv"


class Rejected(NamedTuple):
    """A file, or a whole folder, that was left out, and the reason."""

    file: str
    reason: str


def write_rejected(path: str | os.PathLike, rejected: Iterable[Rejected]) -> None:
    """Writes a CSV file of what was left out, sorted by name."""
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Rejected._fields)
        writer.writerows(sorted(rejected))


def require_few_rejected(damaged: Sequence[Rejected], total: int) -> None:
    """Raises `DataError` if more than 1 % of `total` images are damaged; names the first ones."""
    require_few_damaged([f"'{item.file}': {item.reason}" for item in damaged], total)
