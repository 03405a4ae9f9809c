"""Keras callbacks that record a run: progress bar, metrics.csv, TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core.files import atomic_file
from facerec_tf.training.measurement import LOG_COLUMNS, Measurement, metrics_columns

#: Columns of integers; Keras converts all logs to float.
COUNTS = ("step", "epoch", "skipped_steps", "damaged_images", "repeated_images")

Logs = dict[str, Any]


class Progress(keras.callbacks.ProgbarLogger):
    """Keras' progress bar, limited to loss, speed and chosen measurements.

    Args:
        measurements: Measurements of the run, of which the `progress` columns are shown.
    """

    def __init__(self, measurements: Sequence[Measurement] = ()) -> None:
        super().__init__()
        measured = [column for each in measurements for column in each.progress]
        self.shown = ("loss", "images_per_second", *measured)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Updates the bar."""
        super().on_train_batch_end(batch, self._shown(logs))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Finishes the bar."""
        super().on_epoch_end(epoch, self._shown(logs))

    def _shown(self, logs: Logs | None) -> Logs:
        logs = logs or {}
        return {k: logs[k] for k in self.shown if k in logs}


class MetricsLog(keras.callbacks.Callback):
    """Appends the logs to a CSV file, one row per interval.

    Args:
        path: The file.
        resume_step: Rows after this step are removed first, because a resumed run writes them
            again.
        measurements: Measurements of the run, whose columns follow those of every run. Further
            columns of an existing file are kept.
    """

    def __init__(
        self, path: Path, resume_step: int = 0, measurements: Sequence[Measurement] = ()
    ) -> None:
        super().__init__()
        self.path = path
        columns, rows = metrics_columns(measurements), []
        if path.exists() and resume_step:
            with open(path, newline="") as file:
                reader = csv.DictReader(file)
                rows = [r for r in reader if int(r["step"]) <= resume_step]
                former = reader.fieldnames or ()
            columns = (*columns, *(name for name in former if name not in columns))
        self.columns = columns
        with atomic_file(path) as whole, open(whole, "w", newline="") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes one row."""
        row = {k: int(v) if k in COUNTS else v for k, v in (logs or {}).items()}
        with open(self.path, "a", newline="") as file:
            csv.DictWriter(file, self.columns, extrasaction="ignore").writerow(row)


class TensorBoardLog(keras.callbacks.Callback):
    """Writes logs as TensorBoard scalars, and measured arrays as histograms.

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
        self.writer = tf.summary.create_file_writer(str(directory))
        self.histograms = histograms
        self._tags = {name: name for name in LOG_COLUMNS[2:]}
        for each in measurements:
            self._tags.update({name: each.tensorboard_group + name for name in each.columns})

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes one point per scalar and the histograms of this step."""
        logs = logs or {}
        with self.writer.as_default(step=int(logs["step"])):
            for name, tag in self._tags.items():
                if name in logs:
                    tf.summary.scalar(tag, logs[name])
            for tag, values in self.histograms().items():
                tf.summary.histogram(tag, values)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the event file."""
        self.writer.close()
