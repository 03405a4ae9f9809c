"""Measurement: a quantity that a run measures at intervals, and where it is recorded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from facerec_tf.core.errors import require, require_count

#: Columns of the logs that every run has, in the order of metrics.csv.
LOG_COLUMNS = (
    "step",
    "epoch",
    "loss",
    "learning_rate",
    "gradient_norm",
    "images_per_second",
    "skipped_steps",
    "damaged_images",
    "repeated_images",
)


@dataclasses.dataclass(frozen=True)
class Measured:
    """Result of one measurement.

    Attributes:
        values: Numbers by column. A column that does not apply is left out.
        histograms: Arrays by TensorBoard tag, each written as one histogram.
    """

    values: Mapping[str, float] = dataclasses.field(default_factory=dict)
    histograms: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Measurement:
    """A quantity measured at intervals while training.

    The controller calls `function` when the measurement is due and adds its values to the logs.
    From there they reach metrics.csv, TensorBoard, the progress bar and every Keras callback.

    Attributes:
        name: Name of the measurement.
        columns: Columns of metrics.csv that `function` fills, in this order.
        every: Steps between two measurements; it is also taken after the last step. None never
            takes it: the columns stay empty.
        function: Takes the measurement.
        averaged: Whether the backbone holds the running average of its weights meanwhile, if the
            run keeps one, instead of the weights in training.
        checkpoint_metric: Column of which the highest value marks the best checkpoint. The
            controller saves a checkpoint whenever the column is measured. None for no effect on
            checkpoints.
        tensorboard_group: Prefix of the scalars' TensorBoard tags, such as `angles/`.
        progress: Columns shown in the progress bar and in the lines of a run without a terminal.
        text: Formats the values of these columns for the progress; by default their names and four
            decimals.
        curves: Columns that get a panel of their own in the training figure. Verification
            accuracy and angles have theirs already.

    Raises:
        ArgumentError: If `every` is not a positive integer or None, `columns` is empty, or another
            attribute names a column that is not in `columns`.
    """

    name: str
    columns: tuple[str, ...]
    every: int | None = None
    function: Callable[[], Measured] = Measured
    averaged: bool = False
    checkpoint_metric: str | None = None
    tensorboard_group: str = ""
    progress: tuple[str, ...] = ()
    text: Callable[[Mapping[str, float]], str] | None = None
    curves: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require(bool(self.columns), "columns", "a tuple of at least one name", self.columns)
        if self.every is not None:
            require_count("every", self.every)
        metric = () if self.checkpoint_metric is None else (self.checkpoint_metric,)
        missing = {*metric, *self.progress, *self.curves} - {*self.columns}
        require(not missing, "columns", f"a tuple that contains {sorted(missing)}", self.columns)

    def describe(self, logs: Mapping[str, float]) -> str:
        """Formats the measured values in `logs` for the progress; empty if there are none."""
        values = {column: logs[column] for column in self.progress if column in logs}
        if values and self.text:
            return self.text(values)
        return ", ".join(f"{column}: {value:.4f}" for column, value in values.items())

    def take(self) -> Measured:
        """Calls `function`.

        Raises:
            ArgumentError: If the result has a value that is not among the columns.
        """
        measured = self.function()
        missing = {*measured.values} - {*self.columns}
        require(not missing, "columns", f"a tuple that contains {sorted(missing)}", self.columns)
        return measured


def metrics_columns(measurements: Sequence[Measurement]) -> tuple[str, ...]:
    """Columns of metrics.csv: those of every run, then those of the measurements.

    Raises:
        ArgumentError: If a column appears twice.
    """
    columns = (*LOG_COLUMNS, *(column for each in measurements for column in each.columns))
    twice = sorted({column for column in columns if columns.count(column) > 1})
    require(not twice, "measurements", "measurements of distinct, new columns", twice)
    return columns
