"""Reads the table of a run's metrics."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_text


class MetricsTable(NamedTuple):
    """The rows of `metrics.csv` as text, by column."""

    columns: tuple[str, ...]
    rows: list[dict[str, str]]

    def arrays(self) -> dict[str, np.ndarray]:
        """Returns the columns as float64 arrays, NaN where empty."""
        return {
            name: np.array([float(row[name] or "nan") for row in self.rows])
            for name in self.columns
        }


def read_metrics(path: Path) -> MetricsTable:
    """Reads `metrics.csv`, without a last line that was cut short by a crash.

    Raises:
        DataError: If the file cannot be read, or a line of it is not a row of numbers.
    """
    lines = read_text(path, "metrics").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines.pop()
    reader = csv.reader(lines)
    columns = tuple(next(reader, ()))
    rows = []
    try:
        for row in reader:
            rows.append(dict(zip(columns, row, strict=True)))
            int(rows[-1]["step"])
            for value in row:
                float(value or "nan")
    except (ValueError, KeyError, csv.Error) as error:
        raise DataError(
            f"Line {reader.line_num} of metrics '{path}' is not a row of numbers under its header "
            f"'step,…': {error}. Delete the file to continue the run without earlier metrics."
        ) from error
    return MetricsTable(columns, rows)
