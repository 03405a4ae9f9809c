"""Inter loss: rewards large angles between centres."""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from facerec_tf.core.angles import angle
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.distances import cosines, same_identity


@keras.saving.register_keras_serializable(package="facerec_tf")
class Inter(EmbeddingLoss):
    """`−(1/(π·N·(n − 1)))·Σ_i Σ_{j≠y_i} arccos(W_{y_i}·W_j)` (ArcFace 1801.07698, eq. 6).

    j runs over the n identities of the batch; with a single identity the loss is 0.

    Args:
        **kwargs: As `EmbeddingLoss`.
    """

    source = "ArcFace 1801.07698, eq. 6"

    inputs = ("centres",)

    def value(self, labels: tf.Tensor, embeddings: tf.Tensor, centres: tf.Tensor) -> tf.Tensor:
        """Returns minus the mean angle over π, a scalar; `centres` are the own ones."""
        same = same_identity(labels)
        share = 1.0 / tf.reduce_sum(tf.cast(same, centres.dtype), axis=1)
        identities = tf.reduce_sum(share)
        # Each identity counts once as j, regardless of its number of images.
        others = tf.where(same, 0.0, share[tf.newaxis, :] * angle(cosines(centres)))
        mean = tf.reduce_mean(tf.reduce_sum(others, axis=1))
        return -mean / (math.pi * tf.maximum(identities - 1.0, 1.0))
