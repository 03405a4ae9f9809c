"""Restores the full token sequence of a vision transformer."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.backbones.blocks import narrow_normal


@keras.saving.register_keras_serializable(package="facerec_tf")
class TokenRestore(keras.layers.Layer):
    """Reverses `TokenDrop`, with a learned mask token in place of each dropped token."""

    def build(self, tokens_shape: tuple[int | None, ...], places_shape: Any) -> None:
        """Creates the mask token for tokens `[batch, kept, channels]`."""
        self.mask_token = self.add_weight(
            name="mask_token", shape=(tokens_shape[-1],), initializer=narrow_normal()
        )

    def call(self, tokens: Any, places: Any) -> Any:
        """Returns the tokens at their original positions.

        Args:
            tokens: `[batch, kept, channels]`.
            places: Positions int32 `[batch, tokens]`, returned by `TokenDrop`.

        Returns:
            `[batch, tokens, channels]`.
        """
        batch, kept, channels = ops.shape(tokens)
        missing = places.shape[1] - kept
        if missing == 0:
            return tokens
        masks = ops.broadcast_to(
            ops.cast(self.mask_token, tokens.dtype), (batch, missing, channels)
        )
        everything = ops.concatenate([tokens, masks], axis=1)
        return tf.gather(everything, ops.argsort(places, axis=1), batch_dims=1)
