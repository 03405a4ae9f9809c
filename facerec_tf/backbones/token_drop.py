"""Random dropping of tokens of a vision transformer in training."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.backbones.blocks import check_rate
from facerec_tf.core.replicas import own_seed


@keras.saving.register_keras_serializable(package="facerec_tf")
class TokenDrop(keras.layers.Layer):
    """Keeps a random subset of each sample's tokens, as in masked autoencoders (2111.06377 §3).

    Each sample on each replica has its own subset. `TokenRestore` restores the full sequence.

    Args:
        ratio: Fraction of the tokens dropped, at least 0 and below 1.
        seed: Seed of the random subsets.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, ratio: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_rate("ratio", ratio)
        self.ratio = ratio
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: Any, training: bool = False) -> tuple[Any, Any]:
        """Returns the kept tokens, and the positions of all tokens.

        Args:
            inputs: `[batch, tokens, channels]`.
            training: Whether to drop tokens.

        Returns:
            `[batch, kept, channels]`, and int32 `[batch, tokens]`: the positions of the kept
            tokens, followed by those of the dropped ones.
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
