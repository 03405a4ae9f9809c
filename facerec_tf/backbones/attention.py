"""Self-attention of a vision transformer."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from facerec_tf.backbones.blocks import narrow_normal
from facerec_tf.core.errors import require, require_count


@keras.saving.register_keras_serializable(package="facerec_tf")
class Attention(layers.Layer):
    """Multi-head self-attention (1706.03762, eq. 1) over all tokens.

    One matrix product computes `[query | key | value]`, each of which contains the heads one after
    the other, as in published ViT weights. Similarities and their softmax are computed in at least
    float32.

    Args:
        num_heads: Number of heads; must divide the number of channels.
        **kwargs: Passed to `keras.layers.Layer`.
    """

    def __init__(self, num_heads: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        require_count("num_heads", num_heads)
        self.num_heads = num_heads

    def build(self, input_shape: tuple[int, ...]) -> None:
        """Creates the projections for tokens `[batch, tokens, channels]`."""
        channels = input_shape[-1]
        require(
            channels % self.num_heads == 0, "num_heads", f"a divisor of {channels}", self.num_heads
        )
        self.qkv = self._dense(3 * channels, False, "qkv")
        self.proj = self._dense(channels, True, "proj")
        for projection in (self.qkv, self.proj):
            projection.build(input_shape)

    def call(self, inputs: Any) -> Any:
        """Returns the attended tokens, of the shape of `inputs` `[batch, tokens, channels]`."""
        _, count, channels = ops.shape(inputs)
        size = channels // self.num_heads
        heads = ops.reshape(self.qkv(inputs), (-1, count, 3, self.num_heads, size))
        exact = keras.backend.result_type(self.compute_dtype, "float32")
        query, key, value = ops.unstack(ops.cast(ops.transpose(heads, (2, 0, 3, 1, 4)), exact), 3)
        similarity = ops.matmul(query * size**-0.5, ops.transpose(key, (0, 1, 3, 2)))
        gathered = ops.matmul(ops.softmax(similarity), value)
        gathered = ops.reshape(ops.transpose(gathered, (0, 2, 1, 3)), (-1, count, channels))
        return self.proj(ops.cast(gathered, self.compute_dtype))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_heads": self.num_heads}

    def _dense(self, units: int, use_bias: bool, name: str) -> layers.Dense:
        return layers.Dense(
            units,
            use_bias=use_bias,
            kernel_initializer=narrow_normal(),
            dtype=self.dtype_policy,
            name=name,
        )
