"""Keras callbacks that record a run: metrics.csv and TensorBoard."""

from __future__ import annotations

import contextlib
import csv
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core import chief
from facerec_tf.core.files import atomic_file
from facerec_tf.runs.metrics_table import read_metrics
from facerec_tf.runs.writing import writing
from facerec_tf.training.measurement import LOG_COLUMNS, Measurement, metrics_columns

#: Columns of integers; Keras converts all logs to float.
COUNTS = ("step", "epoch", "skipped_steps", "damaged_images", "repeated_images")

Logs = dict[str, Any]


class MetricsLog(keras.callbacks.Callback):
    """Appends the logs to a CSV file, one row per interval.

    Args:
        path: The file.
        resume_step: Rows after this step are removed first, because a resumed run writes them
            again, and so is a last line that was cut short.
        measurements: Measurements of the run, whose columns follow those of every run. Further
            columns of an existing file are kept.

    Raises:
        DataError: If the file of the run to resume is damaged.
    """

    def __init__(
        self, path: Path, resume_step: int = 0, measurements: Sequence[Measurement] = ()
    ) -> None:
        super().__init__()
        self.path = path
        columns, rows = metrics_columns(measurements), []
        if path.exists() and resume_step:
            former = read_metrics(path)
            rows = [row for row in former.rows if int(row["step"]) <= resume_step]
            columns = (*columns, *(name for name in former.columns if name not in columns))
        self.columns = columns
        with writing(path), atomic_file(path) as whole, open(whole, "w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes one row."""
        row = {k: int(v) if k in COUNTS else v for k, v in (logs or {}).items()}
        with writing(self.path), open(self.path, "a", newline="") as file:
            csv.DictWriter(file, self.columns, extrasaction="ignore").writerow(row)


class TensorBoardLog(keras.callbacks.Callback):
    """Writes logs as TensorBoard scalars, and measured arrays as histograms.

    An error of writing, such as that of a full disk, does not end the run: it is reported once, and
    nothing more is written.

    Args:
        directory: Folder of the event files.
        measurements: Measurements of the run.
        histograms: Function that returns the arrays measured at the current step, by tag;
            `Controller.histograms`.
    """

    def __init__(
        self,
        directory: Path,
        measurements: Sequence[Measurement] = (),
        histograms: Callable[[], Mapping[str, np.ndarray]] = dict,
    ) -> None:
        super().__init__()
        self.directory = directory
        self.writer: Any = None
        with self._reported():
            self.writer = tf.summary.create_file_writer(str(directory))
        self.histograms = histograms
        self._tags = {name: name for name in LOG_COLUMNS[2:]}
        for each in measurements:
            self._tags.update({name: each.tensorboard_group + name for name in each.columns})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes one point per scalar and the histograms of this step."""
        logs = logs or {}
        if self.writer is None:
            return
        with self._reported(), self.writer.as_default(step=int(logs["step"])):
            for name, tag in self._tags.items():
                if name in logs:
                    tf.summary.scalar(tag, logs[name])
            for tag, values in self.histograms().items():
                tf.summary.histogram(tag, values)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the event file."""
        if self.writer is not None:
            with self._reported():
                self.writer.close()

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """Reports an error of writing as a warning, and writes nothing more."""
        try:
            yield
        except (tf.errors.OpError, OSError) as error:
            self.writer = None
            # Without the name of the graph's function, which TensorFlow writes before the reason.
            reason = re.sub(r"^\{\{.*?\}\} *", "", str(error)).partition("\n")[0]
            chief.emit(
                f"warning: TensorBoard's files in '{self.directory}' cannot be written: {reason}. "
                "The run continues without them.",
                file=sys.stderr,
            )
