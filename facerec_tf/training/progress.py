"""Progress of a run: a bar on a terminal, otherwise one line per log interval."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

import keras

from facerec_tf.core import chief
from facerec_tf.training.measurement import Measurement

Logs = dict[str, Any]

#: Units of durations, from long to short, in seconds.
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


class Progress(keras.callbacks.Callback):
    """Shows step, epoch, loss, learning rate, speed, remaining time and chosen measurements.

    With `verbose=1` and a terminal it is a bar per epoch, with `verbose=2` a line per log interval.
    Without a terminal, `verbose=1` prints lines, too. The lines are passed to the functions of
    `chief.copied_to` in any case.

    Args:
        measurements: Measurements of the run, which are shown as they describe their values.
    """

    def __init__(self, measurements: Sequence[Measurement] = ()) -> None:
        super().__init__()
        self.measurements = tuple(measurements)
        self._bar: Any = None
        self._begun = 0.0

    @property
    def _shows_bar(self) -> bool:
        return self.params["verbose"] == 1 and sys.stderr.isatty()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Announces the compilation, during which nothing else is shown."""
        if self.params["first_step"] < self.params["total_steps"]:
            self._emit("Compiling the first step …", self.params["verbose"])

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Starts the bar of an epoch."""
        self._begun = self._begun or time.perf_counter()
        if self._shows_bar:
            first = epoch * self.params["steps"]
            self._bar = chief.progress_bar(
                total=min(self.params["steps"], self.params["total_steps"] - first),
                initial=max(self.params["first_step"] - first, 0),
                desc=f"Epoch {epoch + 1}/{self.params['epochs']}",
                unit="step",
            )

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Announces a measurement."""
        text = f"measuring {(logs or {})['measurement']}"
        if self._bar is not None:
            self._bar.set_postfix_str(text)
        self._emit(f"{text.capitalize()} …")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Shows the logs of an interval."""
        logs = logs or {}
        if self._bar is not None:
            self._bar.update(batch + 1 - self._bar.n)
            self._bar.set_postfix_str(", ".join(self._values(logs)))
        total, epochs = self.params["total_steps"], self.params["epochs"]
        place = f"step {int(logs['step']):,}/{total:,}  epoch {int(logs['epoch'])}/{epochs}"
        self._emit("  ".join([place, *self._values(logs)]))

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Ends the bar."""
        self._close()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Ends the bar of an epoch that was not completed."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None

    def _emit(self, text: str, verbose: int | None = None) -> None:
        """Prints a line unless there is a bar; `verbose` prints it beside a bar, too."""
        lines = self.params["verbose"] and not self._shows_bar
        chief.emit(text, verbose=lines if verbose is None else verbose)

    def _values(self, logs: Logs) -> list[str]:
        values = [
            f"loss {logs['loss']:.4f}",
            f"learning rate {logs['learning_rate']:.3g}",
            f"{logs['images_per_second']:,.0f} images/s",
        ]
        if skipped := int(logs["skipped_steps"]):
            values.append(f"skipped steps {skipped:,}")
        values += filter(None, (each.describe(logs) for each in self.measurements))
        remaining = self.params["total_steps"] - logs["step"]
        taken = logs["step"] - self.params["first_step"]
        seconds = (time.perf_counter() - self._begun) / max(taken, 1) * remaining
        return [*values, f"ETA {duration(seconds)}"]


def duration(seconds: float) -> str:
    """Formats a duration with its two largest units, as in "3 h 20 min"."""
    left = round(seconds)
    parts: list[str] = []
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])
