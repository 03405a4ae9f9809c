"""Controller: the outer loop. It alone knows epochs, callbacks, checkpoints and signals."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import UserError
from facerec_tf.core.files import atomic_file
from facerec_tf.evaluation import AngleStatistics
from facerec_tf.runs.checkpoints import Checkpoint, Checkpoints
from facerec_tf.training.batch_source import BatchSource
from facerec_tf.training.run_plan import RunPlan
from facerec_tf.training.trainer import PATIENCE, Trainer

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class DivergenceError(UserError):
    """Too many steps in a row had no finite loss or gradient."""


class TerminationError(UserError):
    """The process was asked to end; everything up to here is saved.

    Args:
        message: What to tell the user.
        number: The signal, from which shells expect the exit code.
    """

    def __init__(self, message: str, number: int) -> None:
        super().__init__(message)
        self.exit_code = 128 + number


class Controller:
    """Drives a trainer through a plan.

    Args:
        trainer: The inner loop.
        source: Where batches come from.
        plan: When to log, save, verify and end.
        checkpoints: Where the run's state is kept.
        evaluate: Returns the verification accuracy of the weights as they stand, if there are
            pairs to verify.
        angles: Returns the angle statistics of the weights in training, if they are measured.
        offending_batch: File the batch goes to that ended a diverged run.
    """

    def __init__(
        self,
        trainer: Trainer,
        source: BatchSource,
        plan: RunPlan,
        checkpoints: Checkpoints,
        *,
        evaluate: Callable[[], float] | None = None,
        angles: Callable[[], AngleStatistics] | None = None,
        offending_batch: Path,
    ) -> None:
        self.trainer = trainer
        self.source = source
        self.plan = plan
        self.checkpoints = checkpoints
        self.evaluate = evaluate
        self.angles = angles
        self.offending_batch = offending_batch
        self.step = 0
        self._signal: int | None = None

    def resume(self, checkpoint: Checkpoint) -> None:
        """Continues exactly from `checkpoint`."""
        self.trainer.restore(checkpoint.load())
        self.step = checkpoint.step
        self.source.seek(checkpoint.step)

    def run(self, callbacks: Sequence[keras.callbacks.Callback] = (), verbose: int = 1) -> None:
        """Trains to the end of the plan, or until a callback, SIGTERM or Ctrl-C says stop.

        Args:
            callbacks: Keras callbacks; they see a batch per log interval.
            verbose: 0 is silent, 1 shows a progress bar, 2 a line an epoch.

        Raises:
            DivergenceError: After ten steps in a row without a finite loss and gradient.
            TerminationError: At SIGTERM or Ctrl-C, once a checkpoint is written.
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

    def _run_epoch(self, hooks: keras.callbacks.CallbackList) -> None:
        plan, model = self.plan, self.trainer.recognizer
        epoch = self.step // plan.steps_per_epoch
        hooks.on_epoch_begin(epoch)
        while True:
            begun = self.step % plan.steps_per_epoch
            hooks.on_train_batch_begin(begun)
            logs = {"epoch": epoch + 1, **self._advance()}
            ended = plan.ends_epoch(self.step)
            if self.evaluate and plan.evaluates(self.step):
                with self.trainer.averaged_weights():
                    logs["verification_accuracy"] = self.evaluate()
            if self.angles and plan.measures_angles(self.step):
                logs.update(self.angles().in_degrees())
            hooks.on_train_batch_end((self.step - 1) % plan.steps_per_epoch, logs)
            ending = self._signal
            self._save_if_due(logs.get("verification_accuracy"), ending is not None)
            if ending is not None:
                hooks.on_train_end()
                raise TerminationError(
                    f"Interrupted after step {self.step}; "
                    f"checkpoint {self.checkpoints.latest().path}. Continue with --resume.",
                    ending,
                )
            if ended or model.stop_training:
                hooks.on_epoch_end(epoch, logs)
                return

    def _advance(self) -> dict[str, Any]:
        """Runs the inner loop up to the next stop of the plan and returns its logs."""
        steps = self.plan.next_stop(self.step) - self.step
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

    def _save_if_due(self, accuracy: float | None, terminated: bool) -> None:
        # Amid steps that are not finite there is no good state to save, but the last is the last.
        good = self.trainer.skipped_in_a_row.numpy() == 0
        due = good and (self.plan.saves(self.step) or accuracy is not None)
        if due or terminated or self.step == self.plan.total_steps:
            self.checkpoints.save(self.trainer.state(), self.step, accuracy)

    def _give_up(self, step: int) -> None:
        batch = self.source.batch_at(step)
        with atomic_file(self.offending_batch) as path:
            np.savez(path, **batch)
        last = self.checkpoints.latest()
        good = f"last good checkpoint: {last.path}" if last else "no checkpoint was written yet"
        raise DivergenceError(
            f"Training diverged: {PATIENCE} steps in a row, the last of them step {step + 1}, had "
            f"a non-finite loss or gradient. Offending batch: {self.offending_batch}; {good}. "
            "Lower --lr, raise --warmup_steps or set --clip_norm."
        )

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Lets SIGTERM and Ctrl-C ask for a checkpoint; only a main thread can be asked.

        The second Ctrl-C ends at once, as ever.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def note(number: int, _: object) -> None:
            self._signal = number
            if signal.SIGINT in previous:
                signal.signal(signal.SIGINT, previous[signal.SIGINT])

        self._signal = None
        # A shell has the processes it puts into the background ignore Ctrl-C.
        heeded = [s for s in _SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
        previous = {s: signal.signal(s, note) for s in heeded}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
