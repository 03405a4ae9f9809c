"""Learning-rate schedules: constant, steps, polynomial, cosine, each after a linear warm-up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops
from keras.optimizers import schedules

from facerec_tf.config import OptimizerConfig
from facerec_tf.core.lookup import lookup


@keras.saving.register_keras_serializable(package="facerec_tf")
class WarmUp(schedules.LearningRateSchedule):
    """Linear warm-up, followed by another schedule.

    Args:
        peak: Learning rate at the end of the warm-up.
        steps: Length of the warm-up; the learning rate of the first step is `peak / steps`.
        after: Schedule after the warm-up, whose step 0 is the end of the warm-up.
    """

    def __init__(self, peak: float, steps: int, after: schedules.LearningRateSchedule) -> None:
        self.peak = peak
        self.steps = steps
        self.after = after

    def __call__(self, step: Any) -> Any:
        """The learning rate at `step`, counted from 0."""
        step = ops.cast(step, "float32")
        rising = self.peak * (step + 1.0) / self.steps
        following = self.after(ops.maximum(step - self.steps, 0.0))
        return ops.where(step < self.steps, rising, following)

    def get_config(self) -> dict[str, Any]:
        """Arguments of the constructor, `after` serialised."""
        after = keras.saving.serialize_keras_object(self.after)
        return {"peak": self.peak, "steps": self.steps, "after": after}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> WarmUp:
        """Rebuilds the schedule from `get_config`."""
        after = keras.saving.deserialize_keras_object(config["after"])
        return cls(config["peak"], config["steps"], after)


def make_schedule(config: OptimizerConfig, total_steps: int) -> schedules.LearningRateSchedule:
    """The learning-rate schedule of a run of `total_steps` steps."""
    after = lookup(_SCHEDULES, config.schedule, "schedule")(
        config, max(total_steps - config.warmup_steps, 1)
    )
    return WarmUp(config.lr, config.warmup_steps, after) if config.warmup_steps else after


def _constant(config: OptimizerConfig, steps: int) -> schedules.LearningRateSchedule:
    return schedules.PolynomialDecay(config.lr, steps, end_learning_rate=config.lr)


def _steps(config: OptimizerConfig, steps: int) -> schedules.LearningRateSchedule:
    # --boundaries count from the start of the run, but the schedule from the end of the warm-up.
    boundaries = [boundary - config.warmup_steps for boundary in config.boundaries]
    rates = [config.lr * config.decay_factor**i for i in range(len(boundaries) + 1)]
    return schedules.PiecewiseConstantDecay(boundaries, rates)


def _polynomial(config: OptimizerConfig, steps: int) -> schedules.LearningRateSchedule:
    return schedules.PolynomialDecay(config.lr, steps, 0.0, power=config.decay_power)


def _cosine(config: OptimizerConfig, steps: int) -> schedules.LearningRateSchedule:
    return schedules.CosineDecay(config.lr, steps)


_SCHEDULES: dict[str, Callable[[OptimizerConfig, int], schedules.LearningRateSchedule]] = {
    "constant": _constant,
    "steps": _steps,
    "polynomial": _polynomial,
    "cosine": _cosine,
}
