"""Circle loss: each similarity is weighted by its distance to the optimum."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.errors import require_between, require_positive
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.distances import cosines, masked_mean, positive_pairs, same_identity


@keras.saving.register_keras_serializable(package="facerec_tf")
class Circle(EmbeddingLoss):
    """`log(1 + Σ e^(γ·α_n·(s_n − m)) · Σ e^(−γ·α_p·(s_p − 1 + m)))` (2002.10857, eqs. 6–9).

    s_p and s_n are an anchor's cosines to its own and to other identities; α_p = [1 + m − s_p]₊ and
    α_n = [s_n + m]₊ are their weights, through which no gradient flows. The loss is the mean over
    the anchors that have both.

    Args:
        gamma: Scale γ, positive.
        m: Relaxation, within [0, 1].
        **kwargs: As `EmbeddingLoss`.
    """

    source = "Circle loss 2002.10857"

    compares_images = True
    separates_identities = True

    def __init__(self, gamma: float = 256.0, m: float = 0.25, **kwargs: Any) -> None:
        require_positive("gamma", gamma)
        require_between("m", m, 0.0, 1.0)
        super().__init__(**kwargs)
        self.gamma = gamma
        self.m = m

    def value(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns the mean loss of the anchors, a scalar."""
        cosine = cosines(embeddings)
        positives, negatives = positive_pairs(labels), ~same_identity(labels)
        own_weight = ops.stop_gradient(ops.relu(1.0 + self.m - cosine))
        other_weight = ops.stop_gradient(ops.relu(cosine + self.m))
        own = -self.gamma * own_weight * (cosine - 1.0 + self.m)
        other = self.gamma * other_weight * (cosine - self.m)
        losses = tf.nn.softplus(_log_sum_exp(own, positives) + _log_sum_exp(other, negatives))
        valid = tf.reduce_any(positives, axis=1) & tf.reduce_any(negatives, axis=1)
        return masked_mean(losses, valid)


def _log_sum_exp(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns log Σ e^value over each row where `mask` is true, `[batch]`; finite if nowhere."""
    lowest = tf.constant(values.dtype.min / 4, values.dtype)
    return tf.reduce_logsumexp(tf.where(mask, values, lowest), axis=1)
