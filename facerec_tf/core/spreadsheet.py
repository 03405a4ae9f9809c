"""CSV files for people, who open them in a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable

from facerec_tf.core.csv_writer import CsvWriter

#: First characters of a cell that spreadsheets take for a formula, or skip before one.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class SpreadsheetWriter(CsvWriter):
    """Writes rows as CSV; text that a spreadsheet would take for a formula gets a "'" before it.

    A file called `=HYPERLINK(…).jpg` would otherwise be evaluated when the list is opened. Numbers
    are not changed. Tables that the package reads again, such as `pairs.csv` and `templates.csv`,
    are written with `CsvWriter`, which changes nothing.
    """

    def writerow(self, cells: Iterable[object]) -> None:
        """Writes one row."""
        super().writerow(map(_plain, cells))


def _plain(cell: object) -> object:
    if isinstance(cell, str) and cell.startswith(_FORMULA) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
