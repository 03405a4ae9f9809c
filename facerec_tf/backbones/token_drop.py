"""Leaves tokens of a vision transformer out in training."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.backbones.blocks import check_rate
from facerec_tf.core.replicas import own_seed


@keras.saving.register_keras_serializable(package="facerec_tf")
class TokenDrop(keras.layers.Layer):
    """Keeps a random share of each sample's tokens, as masked autoencoders do (2111.06377 §3).

    Tokens are drawn anew for each sample on each replica. `TokenRestore` puts them back.

    Args:
        ratio: Share of the tokens left out, at least 0 and below 1.
        seed: Seed of the draw.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, ratio: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_rate("ratio", ratio)
        self.ratio = ratio
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Returns the kept tokens, and where all belong.

        Args:
            inputs: `[batch, tokens, channels]`.
            training: Whether tokens are left out.

        Returns:
            `[batch, kept, channels]`, and int32 `[batch, tokens]`: the places of the kept tokens,
            then of those left out.
        """
        batch, count, _ = ops.shape(inputs)
        kept = int(count * (1 - self.ratio))
        if not training or kept == count:
            return inputs, ops.broadcast_to(ops.arange(count, dtype="int32"), (batch, count))
        seed = own_seed(self.seed_generator)
        places = ops.argsort(tf.random.stateless_uniform((batch, count), seed), axis=1)
        return tf.gather(inputs, places[:, :kept], batch_dims=1), places

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "ratio": self.ratio, "seed": self.seed}
