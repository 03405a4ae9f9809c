"""Keras callbacks that record a run: progress bar, metrics.csv, TensorBoard."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core.files import atomic_file

#: Columns of `AngleStatistics.in_degrees`.
ANGLES = (
    "target_angle_degrees",
    "past_threshold",
    "w_ec_degrees",
    "w_inter_degrees",
    "intra_degrees",
    "inter_degrees",
)

COLUMNS = (
    "step",
    "epoch",
    "loss",
    "learning_rate",
    "gradient_norm",
    "images_per_second",
    "skipped_steps",
    "damaged_images",
    "repeated_images",
    "verification_accuracy",
    *ANGLES,
)

#: Columns that count; Keras hands all logs over as floats.
COUNTS = ("step", "epoch", "skipped_steps", "damaged_images", "repeated_images")

Logs = dict[str, Any]


class Progress(keras.callbacks.ProgbarLogger):
    """Keras' progress bar, showing only what a person watches."""

    SHOWN = ("loss", "images_per_second", "verification_accuracy")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Updates the bar."""
        super().on_train_batch_end(batch, self._shown(logs))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Finishes the bar."""
        super().on_epoch_end(epoch, self._shown(logs))

    def _shown(self, logs: Logs | None) -> Logs:
        return {k: logs[k] for k in self.SHOWN if k in (logs or {})}


class MetricsLog(keras.callbacks.Callback):
    """Appends the logs to a CSV file, a row an interval.

    Args:
        path: The file.
        resume_step: Rows after this step are removed first: a resumed run writes them again.
    """

    def __init__(self, path: Path, resume_step: int = 0) -> None:
        super().__init__()
        self.path = path
        rows = []
        if path.exists() and resume_step:
            with open(path, newline="") as file:
                rows = [r for r in csv.DictReader(file) if int(r["step"]) <= resume_step]
        with atomic_file(path) as whole, open(whole, "w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            writer.writerows(rows)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes one row."""
        row = {k: int(v) if k in COUNTS else v for k, v in (logs or {}).items()}
        with open(self.path, "a", newline="") as file:
            csv.DictWriter(file, COLUMNS, extrasaction="ignore").writerow(row)


class TensorBoardLog(keras.callbacks.Callback):
    """Writes the logs as TensorBoard scalars, and the histogram of target angles θ with theirs.

    Args:
        directory: Where the event files go.
        target_angles: Returns the angles in radians `[n]` that the logs hold the mean of.
    """

    def __init__(
        self, directory: Path, target_angles: Callable[[], np.ndarray | None] | None = None
    ) -> None:
        super().__init__()
        self.writer = tf.summary.create_file_writer(str(directory))
        self.target_angles = target_angles

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Writes one point per scalar, and the histogram where angles were measured."""
        logs = logs or {}
        with self.writer.as_default(step=int(logs["step"])):
            for name in COLUMNS[2:]:
                if name in logs:
                    tf.summary.scalar(f"angles/{name}" if name in ANGLES else name, logs[name])
            if self.target_angles and "target_angle_degrees" in logs:
                angles = self.target_angles()
                tf.summary.histogram("target_angle_degrees", np.degrees(angles))

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Closes the event file."""
        self.writer.close()
