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

from facerec_tf.core.errors import NotFiniteError, UserError, require
from facerec_tf.core.files import atomic_file
from facerec_tf.runs.checkpoints import Checkpoint, Checkpoints
from facerec_tf.runs.writing import writing
from facerec_tf.training.batch_source import BatchSource
from facerec_tf.training.measurement import Measured, Measurement, metrics_columns
from facerec_tf.training.run_plan import RunPlan
from facerec_tf.training.trainer import PATIENCE, ZERO_PATIENCE, Trainer

#: Signals that end a run after a checkpoint. Windows has no SIGHUP.
_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
)

#: Number of skipped steps at the end of a run from which the run counts as diverged. A single one
#: may be an overflow of the loss scale.
LAST_SKIPPED = 2

_ADVICE = "Lower --lr, raise --warmup_steps or set --clip_norm."


class DivergenceError(UserError):
    """Training cannot continue: loss, gradient or weights are not finite, or nothing is trained."""


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
        self._is_compiling = False

    @property
    def selection(self) -> Measurement | None:
        """The measurement that chooses the best checkpoint, if the run takes one."""
        chosen = (m for m in self.measurements if m.checkpoint_metric and m.every)
        return next(chosen, None)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Restores the state of `checkpoint`, from which the run continues exactly.

        Raises:
            DataError: If the checkpoint is damaged, or belongs to another model or optimizer.
            DivergenceError: If its weights are not finite.
        """
        state = checkpoint.load()
        if not _is_finite(state):
            older = [c for c in self.checkpoints.all() if c.step < checkpoint.step]
            before = (
                f"Earlier checkpoint: {older[-1].path}." if older else "It is the earliest one."
            )
            raise DivergenceError(
                f"Checkpoint {checkpoint.path} holds weights that are not finite: the run had "
                f"diverged. {before} Start a new run with a lower --lr, more --warmup_steps or "
                "--clip_norm."
            )
        self.trainer.restore(state)
        self.step = checkpoint.step
        self.source.seek(checkpoint.step)

    def run(self, callbacks: Sequence[keras.callbacks.Callback] = (), verbose: int = 1) -> None:
        """Trains to the end of the plan, or until a callback or a signal stops the run.

        Args:
            callbacks: Keras callbacks. A batch of theirs is a log interval, and a test of theirs a
                measurement.
            verbose: Passed to the callbacks; see `Progress`.

        Raises:
            DivergenceError: After ten consecutive steps without a finite loss and gradient, or 50
                with a gradient of 0; if weights are not finite; or if the last steps of the run
                were skipped.
            TerminationError: On Ctrl-C, SIGTERM or SIGHUP, after a checkpoint is written. While the
                first step is compiled, at once and without a checkpoint.
            DataError: If more than 1 % of the images are damaged, or records cannot be read.
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
            first_step=self.step,
            total_steps=plan.total_steps,
            verbose=verbose,
        )
        hooks.on_train_begin()
        try:
            with self._signals():
                self._compile()
                while self.step < plan.total_steps and not model.stop_training:
                    self._run_epoch(hooks)
        finally:
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
            fault = self._fault()
            if fault is None:
                try:
                    logs.update(self._measure_due(hooks))
                except NotFiniteError:
                    fault = f"embeddings are not finite after step {self.step}"
            hooks.on_train_batch_end((self.step - 1) % plan.steps_per_epoch, logs)
            if fault is not None:
                raise self._divergence(fault)
            ending = self._signal
            self._save_if_due(logs, ending is not None)
            if ending is not None:
                raise self._termination(ending)
            if ended or model.stop_training:
                hooks.on_epoch_end(epoch, logs)
                return

    def _measure_due(self, hooks: keras.callbacks.CallbackList) -> dict[str, float]:
        """Takes the measurements due at this step and returns their values."""
        values: dict[str, float] = {}
        histograms: dict[str, np.ndarray] = {}
        for measurement in self.measurements:
            if measurement.every and self.plan.is_due(measurement.every, self.step):
                hooks.on_test_begin({"measurement": measurement.name})
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
        self._require_progress(self.step + results["steps"], results)
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

    def _compile(self) -> None:
        """Traces and optimizes the training step, which a signal ends at once."""
        if self.step == self.plan.total_steps:
            return
        self._is_compiling = True
        try:
            with self.source.explained_errors(1):
                self.trainer.run(
                    self.source.iterator(),
                    tf.constant(0),
                    head_only=self.plan.trains_head_only(self.step),
                )
        except KeyboardInterrupt:
            if self._signal is None:
                raise
        finally:
            self._is_compiling = False
        if self._signal is not None:
            raise self._termination(self._signal)

    def _save_if_due(self, logs: Mapping[str, Any], terminated: bool) -> None:
        column = self.selection.checkpoint_metric if self.selection else None
        metric = logs.get(column) if column else None
        # While steps are skipped the state may be bad; one skipped step is saved only at the end.
        good = self.trainer.skipped_in_a_row.numpy() == 0
        due = good and (self.plan.saves(self.step) or metric is not None)
        ends = terminated or self.step == self.plan.total_steps
        if due or (ends and not self._is_diverging()):
            state = self.trainer.state()
            if not _is_finite(state):
                raise self._divergence(self._bad_weights)
            self.checkpoints.save(state, self.step, metric)

    def _fault(self) -> str | None:
        """Why the weights are of no use, known only after skipped steps; None if they may be."""
        skipped = int(self.trainer.skipped_in_a_row.numpy())
        if skipped and not _is_finite(self.trainer.state()):
            return self._bad_weights
        if self.step == self.plan.total_steps and self._is_diverging():
            steps = f"the last {skipped} steps" if skipped > 1 else "the last step"
            return f"loss or gradient were not finite in {steps}, up to step {self.step}"
        return None

    @property
    def _bad_weights(self) -> str:
        return f"weights are not finite after step {self.step}"

    def _is_diverging(self) -> bool:
        """Whether the last steps were skipped, all of them in a run of one step."""
        skipped = int(self.trainer.skipped_in_a_row.numpy())
        return skipped >= min(LAST_SKIPPED, self.plan.total_steps)

    def _require_progress(self, step: int, results: Mapping[str, float]) -> None:
        """Raises `DivergenceError` if the inner loop gave up in the last of `step` steps."""
        if self.trainer.skipped_in_a_row.numpy() >= PATIENCE:
            batch = self.source.batch_at(step - 1)
            with writing(self.offending_batch), atomic_file(self.offending_batch) as path:
                np.savez(path, allow_pickle=False, **batch)
            raise self._divergence(
                f"loss or gradient were not finite for {PATIENCE} consecutive steps up to step "
                f"{step}. Offending batch: {self.offending_batch}{self._describe_labels(batch)}"
            )
        if self.trainer.zero_in_a_row.numpy() >= ZERO_PATIENCE:
            raise DivergenceError(
                f"Nothing is trained: the gradient was exactly 0 for {ZERO_PATIENCE} consecutive "
                f"steps up to step {step}, at a loss of {results['loss']:.4f}. Causes are batch "
                "normalization of a single image, activations that are all 0 (lower --lr) and "
                "frozen layers."
            )

    def _describe_labels(self, batch: Mapping[str, np.ndarray]) -> str:
        """Names labels that the head does not have, which make the loss NaN."""
        head, labels = self.trainer.recognizer.head, batch["label"]
        if head is None or not labels.size or 0 <= labels.min() <= labels.max() < head.num_classes:
            return ""
        return (
            f"; its labels are {labels.min()} to {labels.max()}, but the head has the labels 0 to "
            f"{head.num_classes - 1}"
        )

    def _divergence(self, fault: str) -> DivergenceError:
        return DivergenceError(f"Training diverged: {fault}; {self._last_good()}. {_ADVICE}")

    def _termination(self, number: int) -> TerminationError:
        last = self.checkpoints.latest()
        if not self.step:
            where = "before the first step"
        elif last is not None and last.step == self.step:
            where = f"after step {self.step}, which is saved in {self.checkpoints.directory}"
        else:
            where = f"after step {self.step}, which is not saved; {self._last_good()}"
        return TerminationError(f"Interrupted {where}. Continue with --resume.", number)

    def _last_good(self) -> str:
        last = self.checkpoints.latest()
        return f"last good checkpoint: {last.path}" if last else "no checkpoint was written yet"

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Handles signals by a checkpoint at the next stop, in the main thread only.

        While the first step is compiled, a signal raises `KeyboardInterrupt`. A second Ctrl-C ends
        the process at once.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, _: object) -> None:
            self._signal = number
            if signal.SIGINT in previous:
                signal.signal(signal.SIGINT, previous[signal.SIGINT])
            if self._is_compiling:
                raise KeyboardInterrupt

        self._signal = None
        # Processes that a shell starts in the background ignore Ctrl-C; leave it so.
        heeded = [s for s in _SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
        previous = {s: signal.signal(s, note) for s in heeded}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _is_finite(state: Mapping[str, np.ndarray]) -> bool:
    """Whether the weights in a trainer's state, and their averages, are finite."""
    weights = (array for name, array in state.items() if name.startswith(("model/", "average/")))
    return all(np.isfinite(array).all() for array in weights)
