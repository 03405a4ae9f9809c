"""Controller: the outer loop, with epochs, callbacks, measurements, checkpoints and signals."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import UserError, require
from facerec_tf.core.files import atomic_file
from facerec_tf.runs.checkpoints import Checkpoint, Checkpoints
from facerec_tf.training.batch_source import BatchSource
from facerec_tf.training.measurement import Measured, Measurement, metrics_columns
from facerec_tf.training.run_plan import RunPlan
from facerec_tf.training.trainer import PATIENCE, Trainer

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class DivergenceError(UserError):
    """Loss or gradient were not finite for too many consecutive steps."""


class TerminationError(UserError):
    """A signal ended the run after a checkpoint was written.

    Args:
        message: Message for the user.
        number: The signal's number, from which the exit code follows.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class Controller:
    """Runs a trainer according to a plan.

    Args:
        trainer: The inner loop.
        source: Training batches.
        plan: When to log, save and end.
        checkpoints: Storage of the run's state.
        measurements: What to measure during training, in this order. At most one has a
            `checkpoint_metric`.
        offending_batch: File to which the last batch of a diverged run is written.

    Attributes:
        step: Number of completed steps.
        histograms: Arrays measured at the current step, by TensorBoard tag.

    Raises:
        ArgumentError: If two measurements fill the same column or have a `checkpoint_metric`.
    """

    def __init__(
        self,
        trainer: Trainer,
        source: BatchSource,
        plan: RunPlan,
        checkpoints: Checkpoints,
        *,
        measurements: Sequence[Measurement] = (),
        offending_batch: Path,
    ) -> None:
        self.trainer = trainer
        self.source = source
        self.plan = plan
        self.checkpoints = checkpoints
        self.measurements = tuple(measurements)
        self.offending_batch = offending_batch
        self.step = 0
        self.histograms: Mapping[str, np.ndarray] = {}
        metrics_columns(self.measurements)
        metrics = [m.checkpoint_metric for m in self.measurements if m.checkpoint_metric]
        at_most_one = "a sequence with at most one checkpoint_metric"
        require(len(metrics) <= 1, "measurements", at_most_one, metrics)
        self._signal: int | None = None

    @property
    def selection(self) -> Measurement | None:
        """The measurement that chooses the best checkpoint, if the run takes one."""
        chosen = (m for m in self.measurements if m.checkpoint_metric and m.every)
        return next(chosen, None)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Restores the state of `checkpoint`, from which the run continues exactly."""
        self.trainer.restore(checkpoint.load())
        self.step = checkpoint.step
        self.source.seek(checkpoint.step)

    def run(self, callbacks: Sequence[keras.callbacks.Callback] = (), verbose: int = 1) -> None:
        """Trains to the end of the plan, or until a callback, SIGTERM or Ctrl-C stops the run.

        Args:
            callbacks: Keras callbacks. A batch of theirs is a log interval.
            verbose: 0 is silent, 1 shows a progress bar, 2 prints one line per epoch.

        Raises:
            DivergenceError: After ten consecutive steps without a finite loss and gradient.
            TerminationError: On SIGTERM or Ctrl-C, after a checkpoint is written.
            DataError: If more than 1 % of the images are damaged.
        """
        model, plan = self.trainer.recognizer, self.plan
        model.optimizer = self.trainer.optimizer
        model.stop_training = False
        hooks = keras.callbacks.CallbackList(
            list(callbacks),
            add_history=False,
            add_progbar=False,
            model=model,
            epochs=plan.epochs,
            steps=min(plan.steps_per_epoch, plan.total_steps),
            verbose=verbose,
        )
        hooks.on_train_begin()
        with self._signals():
            while self.step < plan.total_steps and not model.stop_training:
                self._run_epoch(hooks)
        hooks.on_train_end()

    def measure(self, measurement: Measurement) -> Measured:
        """Takes a measurement now, with the weights that it asks for."""
        if not measurement.averaged:
            return measurement.take()
        with self.trainer.averaged_weights():
            return measurement.take()

    def _run_epoch(self, hooks: keras.callbacks.CallbackList) -> None:
        plan, model = self.plan, self.trainer.recognizer
        epoch = self.step // plan.steps_per_epoch
        hooks.on_epoch_begin(epoch)
        while True:
            begun = self.step % plan.steps_per_epoch
            hooks.on_train_batch_begin(begun)
            logs = {"epoch": epoch + 1, **self._advance()}
            ended = plan.ends_epoch(self.step)
            logs.update(self._measure_due())
            hooks.on_train_batch_end((self.step - 1) % plan.steps_per_epoch, logs)
            ending = self._signal
            self._save_if_due(logs, ending is not None)
            if ending is not None:
                hooks.on_train_end()
                raise TerminationError(
                    f"Interrupted after step {self.step}, which is saved in "
                    f"{self.checkpoints.directory}. Continue with --resume.",
                    ending,
                )
            if ended or model.stop_training:
                hooks.on_epoch_end(epoch, logs)
                return

    def _measure_due(self) -> dict[str, float]:
        """Takes the measurements due at this step and returns their values."""
        values: dict[str, float] = {}
        histograms: dict[str, np.ndarray] = {}
        for measurement in self.measurements:
            if measurement.every and self.plan.is_due(measurement.every, self.step):
                measured = self.measure(measurement)
                values.update(measured.values)
                histograms.update(measured.histograms)
        self.histograms = histograms
        return values

    def _advance(self) -> dict[str, Any]:
        """Runs the inner loop up to the next stop of the plan and returns its logs."""
        intervals = (m.every for m in self.measurements if m.every)
        steps = self.plan.next_stop(self.step, intervals) - self.step
        begun = time.perf_counter()
        with self.source.explained_errors(steps):
            results = self.trainer.run(
                self.source.iterator(),
                tf.constant(steps),
                head_only=self.plan.trains_head_only(self.step),
            )
            results = {name: value.numpy().item() for name, value in results.items()}
        seconds = time.perf_counter() - begun
        if self.trainer.skipped_in_a_row.numpy() >= PATIENCE:
            self._give_up(self.step + results["steps"] - 1)
        self.step += steps
        self.source.advance(steps)
        return {
            "step": self.step,
            "loss": results["loss"],
            "learning_rate": float(self.trainer.optimizer.learning_rate),
            "gradient_norm": results["gradient_norm"],
            "images_per_second": steps * self.source.batch_size / seconds,
            "skipped_steps": int(self.trainer.skipped.numpy()),
            "damaged_images": self.source.damaged,
            "repeated_images": self.source.repeated,
        }

    def _save_if_due(self, logs: Mapping[str, Any], terminated: bool) -> None:
        column = self.selection.checkpoint_metric if self.selection else None
        metric = logs.get(column) if column else None
        # While steps are skipped the state may be bad; it is saved only where the run ends.
        good = self.trainer.skipped_in_a_row.numpy() == 0
        due = good and (self.plan.saves(self.step) or metric is not None)
        if due or terminated or self.step == self.plan.total_steps:
            self.checkpoints.save(self.trainer.state(), self.step, metric)

    def _give_up(self, step: int) -> None:
        batch = self.source.batch_at(step)
        with atomic_file(self.offending_batch) as path:
            np.savez(path, allow_pickle=False, **batch)
        last = self.checkpoints.latest()
        good = f"last good checkpoint: {last.path}" if last else "no checkpoint was written yet"
        raise DivergenceError(
            f"Training diverged: loss or gradient were not finite for {PATIENCE} consecutive steps "
            f"up to step {step + 1}. Offending batch: {self.offending_batch}; {good}. "
            "Lower --lr, raise --warmup_steps or set --clip_norm."
        )

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Handles SIGTERM and Ctrl-C by a checkpoint at the next stop, in the main thread only.

        A second Ctrl-C ends the process at once.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, _: object) -> None:
            self._signal = number
            if signal.SIGINT in previous:
                signal.signal(signal.SIGINT, previous[signal.SIGINT])

        self._signal = None
        # Processes that a shell starts in the background ignore Ctrl-C; leave it so.
        heeded = [s for s in _SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
        previous = {s: signal.signal(s, note) for s in heeded}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
