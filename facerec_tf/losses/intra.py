"""Intra loss: the mean angle to the own centre."""

from __future__ import annotations

import math

import keras
import tensorflow as tf

from facerec_tf.core.angles import angle, clip_cosine, l2_normalize
from facerec_tf.losses.base import EmbeddingLoss


@keras.saving.register_keras_serializable(package="facerec_tf")
class Intra(EmbeddingLoss):
    """`(1/(π·N))·Σ θ_y`: the mean angle to the own centre as a share of π (1801.07698, eq. 5).

    Args:
        **kwargs: As `EmbeddingLoss`.
    """

    source = "ArcFace 1801.07698, eq. 5"

    inputs = ("centres",)

    def sample_losses(
        self, labels: tf.Tensor, embeddings: tf.Tensor, centres: tf.Tensor
    ) -> tf.Tensor:
        """Returns the angles over π, `[batch]`; `centres` are the own ones, `[batch, d]`."""
        cosine = tf.reduce_sum(l2_normalize(embeddings) * l2_normalize(centres), axis=1)
        return angle(clip_cosine(cosine)) / math.pi
