"""CSV files that `core.files.read_csv` reads back unchanged."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO


class CsvWriter:
    r"""Writes rows as CSV with "\n" at the end of each.

    Before version 3.13, Python's writer leaves cells that contain "\r" without quotes, and its
    reader then takes them for two rows.

    Args:
        file: A text stream opened with `newline=""`.
    """

    def __init__(self, file: TextIO) -> None:
        self._rows = csv.writer(file, lineterminator="\n")
        self._quoted_rows = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)

    def writerow(self, cells: Iterable[object]) -> None:
        """Writes one row."""
        cells = list(cells)
        needs_quotes = any(isinstance(cell, str) and "\r" in cell for cell in cells)
        (self._quoted_rows if needs_quotes else self._rows).writerow(cells)

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        """Writes several rows."""
        for row in rows:
            self.writerow(row)
