"""Learned position embedding of a vision transformer."""

from __future__ import annotations

from typing import Any

import keras

from facerec_tf.backbones.blocks import narrow_normal


@keras.saving.register_keras_serializable(package="facerec_tf")
class PositionEmbed(keras.layers.Layer):
    """Adds a learned vector per position to the tokens (2010.11929 §3.1)."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Creates the vectors for tokens `[batch, tokens, channels]`."""
        self.positions = self.add_weight(
            name="positions", shape=input_shape[1:], initializer=narrow_normal()
        )

    def call(self, inputs: Any) -> Any:
        """Returns `inputs` `[batch, tokens, channels]` plus the position vectors."""
        return inputs + self.positions
