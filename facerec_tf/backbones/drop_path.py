"""Stochastic depth: residual branches dropped at random."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from facerec_tf.backbones.dropout import Dropout


@keras.saving.register_keras_serializable(package="facerec_tf")
class DropPath(Dropout):
    """Stochastic depth (1603.09382): drops a residual branch for a fraction of the samples.

    The kept branches are scaled by 1/(1 − rate), so that inference needs no correction. Each
    replica draws its own samples.

    Args:
        rate: Fraction of the samples, at least 0 and below 1.
        **kwargs: `seed`, and the arguments of `keras.layers.Layer`.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the branch `[batch, …]`; in training, 0 for a fraction `rate` of the batch."""
        if not training or self.rate == 0:
            return inputs
        ones = ops.ones((ops.shape(inputs)[0], *[1] * (len(inputs.shape) - 1)), inputs.dtype)
        return inputs * super().call(ones, training=True)


def drop_path_rates(last: float, count: int) -> list[float]:
    """Returns the rates of `count` branches, growing linearly from 0 to `last`."""
    return [last * index / max(count - 1, 1) for index in range(count)]
