"""Lines of text and CSV files that may be too large for memory."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from facerec_tf.core.errors import DataError


def read_lines(path: Path, kind: str) -> Iterator[str]:
    """Yields the lines of a text file in UTF-8, with their ends.

    Args:
        path: The file.
        kind: What the file is, for the messages: "list file".

    Raises:
        DataError: If it cannot be read or is not valid UTF-8.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            yield from file
    except OSError as error:
        raise DataError(f"Cannot read {kind} '{path}': {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{kind.capitalize()} '{path}' is not valid UTF-8: {error}.") from None


def read_csv(path: Path, kind: str) -> Iterator[tuple[int, list[str]]]:
    """Yields line number and fields of every row of a CSV file, the header included.

    Args:
        path: The file.
        kind: What the file is, for the messages: "pair list".

    Raises:
        DataError: If it cannot be read or is not valid UTF-8 or CSV.
    """
    reader = csv.reader(read_lines(path, kind))
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise DataError(
            f"{kind.capitalize()} '{path}' is not valid CSV: line {reader.line_num}: {error}."
        ) from None
