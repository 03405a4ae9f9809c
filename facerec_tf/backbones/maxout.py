"""Maxout: the maximum of several linear functions."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from facerec_tf.core.errors import require_count


@keras.saving.register_keras_serializable(package="facerec_tf")
class Maxout(keras.layers.Layer):
    """A fully connected layer whose units are the maximum of linear pieces (1302.4389, §3).

    `y_u = max_p (x·W_{u,p} + b_{u,p})`. The kernel has LeCun's initialisation, with which the
    maximum of two pieces keeps the second moment of the input.

    Args:
        units: Number of units.
        pieces: Linear functions per unit.
        **kwargs: Passed to `keras.layers.Layer`.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """

    def __init__(self, units: int, pieces: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_count("units", units)
        require_count("pieces", pieces)
        self.units, self.pieces = units, pieces

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the kernel `[features, units·pieces]`; the pieces of a unit are adjacent."""
        outputs = self.units * self.pieces
        self.kernel = self.add_weight(
            shape=(input_shape[-1], outputs), initializer="lecun_uniform", name="kernel"
        )
        self.bias = self.add_weight(shape=(outputs,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        """Returns `[batch, units]` from `inputs` `[batch, features]`."""
        pieces = ops.matmul(inputs, self.kernel) + self.bias
        return ops.max(ops.reshape(pieces, (-1, self.units, self.pieces)), axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns `[batch, units]`."""
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "units": self.units, "pieces": self.pieces}
