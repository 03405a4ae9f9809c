"""Running average of weights, including BatchNorm statistics."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

import keras
import tensorflow as tf


class WeightAverage:
    """Exponential moving average of variables, equal on every replica.

    The moving statistics of BatchNorm are averaged, too, because averaged weights do not fit the
    statistics of the weights in training. The decay at step t is min(decay, (1+t)/(10+t)).

    Args:
        variables: Variables to average. Build the object in the strategy's scope.
        decay: Share of the average kept at each step, in (0, 1).
    """

    def __init__(self, variables: Sequence[keras.Variable], decay: float) -> None:
        self.decay = decay
        self.variables = list(variables)
        self.averages = [
            tf.Variable(v.value, trainable=False, name=f"average_{i}")
            for i, v in enumerate(self.variables)
        ]

    def update(self, step: tf.Tensor) -> None:
        """Moves the averages towards the variables. Call it in cross-replica context."""
        step = tf.cast(step, tf.float32)
        rate = 1.0 - tf.minimum(self.decay, (1.0 + step) / (10.0 + step))
        extended = tf.distribute.get_strategy().extended
        for average, variable in zip(self.averages, self.variables, strict=True):
            extended.update(average, _move, args=(variable.value, rate), group=False)

    def overwrite(self) -> None:
        """Assigns the averages to the variables."""
        for variable, average in zip(self.variables, self.averages, strict=True):
            variable.assign(average.numpy())

    @contextlib.contextmanager
    def applied(self) -> Iterator[None]:
        """Context in which the variables hold their averages."""
        own = [v.numpy() for v in self.variables]
        self.overwrite()
        try:
            yield
        finally:
            for variable, value in zip(self.variables, own, strict=True):
                variable.assign(value)


def _move(average: tf.Variable, value: tf.Tensor, rate: tf.Tensor) -> None:
    average.assign_add((tf.cast(value, average.dtype) - average) * tf.cast(rate, average.dtype))
