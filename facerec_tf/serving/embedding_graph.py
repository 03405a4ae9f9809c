"""The function that every export computes."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

#: Names of the input and of the outputs, in every form.
IMAGES, EMBEDDING, NORM = "images", "embedding", "norm"


class EmbeddingGraph(tf.Module):
    """From uint8 crops to unit embeddings: a network between casting and normalising.

    Args:
        network: Model from pixels 0–255 `[batch, h, w, 3]` to embeddings `[batch, d]`.
        flip_fusion: Whether to add the embedding of the mirrored image, at twice the cost.

    Attributes:
        crops: Shape and type of the input.
    """

    def __init__(self, network: keras.Model, flip_fusion: bool) -> None:
        super().__init__()
        self.network = network
        self.flip_fusion = flip_fusion
        self.crops = tf.TensorSpec([None, *network.input_shape[1:]], tf.uint8, name=IMAGES)

    def function(self, jit_compile: bool = False) -> tf.types.experimental.PolymorphicFunction:
        """Returns the function from `images` to `embedding` and `norm`.

        `embedding` is float32 `[batch, d]` of unit length; `norm`, float32 `[batch]`, is the length
        that it had before, of the sum if flipped images are fused.
        """

        def embed(images: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._embed(images, lambda pixels: self.network(pixels, training=False))

        return tf.function(embed, input_signature=[self.crops], jit_compile=jit_compile)

    def frozen_function(self) -> tf.types.experimental.PolymorphicFunction:
        """As `function`, but the weights are constants: a converter may not find variables."""
        trained, others = (
            [variable.numpy() for variable in variables]
            for variables in (
                self.network.trainable_variables,
                self.network.non_trainable_variables,
            )
        )

        def embed(images: tf.Tensor) -> dict[str, tf.Tensor]:
            weights = [list(map(tf.constant, values)) for values in (trained, others)]
            call = self.network.stateless_call
            return self._embed(images, lambda pixels: call(*weights, pixels, training=False)[0])

        return tf.function(embed, input_signature=[self.crops])

    def _embed(self, images: tf.Tensor, network: Callable) -> dict[str, tf.Tensor]:
        pixels = tf.cast(images, tf.float32)
        if self.flip_fusion:
            pixels = tf.concat([pixels, tf.reverse(pixels, [2])], axis=0)
        embeddings = network(pixels)
        if self.flip_fusion:
            both = tf.reshape(embeddings, [2, -1, embeddings.shape[-1]])
            embeddings = tf.reduce_sum(both, axis=0)
        return {
            EMBEDDING: tf.math.l2_normalize(embeddings, axis=-1),
            NORM: tf.sqrt(tf.reduce_sum(tf.square(embeddings), axis=-1)),
        }
