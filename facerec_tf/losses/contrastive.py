"""Contrastive loss: pairs of one identity move together, other pairs a margin apart."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import require_positive
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.distances import (
    cosines,
    euclidean,
    masked_mean,
    positive_pairs,
    same_identity,
    squared_euclidean,
)


@keras.saving.register_keras_serializable(package="facerec_tf")
class Contrastive(EmbeddingLoss):
    """`d²` for a pair of one identity, `[m − d]₊²` for any other (Hadsell, CVPR 2006, eq. 4).

    The equation's factor ½ is omitted. d is the Euclidean distance between embeddings of unit
    length. The loss is the mean over all pairs of one identity in the batch plus the mean over all
    other pairs, so that the few pairs of the first kind weigh as much as the many of the second.

    Args:
        m: Margin, positive; distances are between 0 and 2.
        **kwargs: As `EmbeddingLoss`.
    """

    source = "Hadsell et al., CVPR 2006"

    compares_images = True
    separates_identities = True

    def __init__(self, m: float = 1.0, **kwargs: Any) -> None:
        require_positive("m", m)
        super().__init__(**kwargs)
        self.m = m

    def value(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns the sum of the two means, a scalar."""
        cosine = cosines(embeddings)
        apart = tf.nn.relu(self.m - euclidean(cosine)) ** 2
        together = masked_mean(squared_euclidean(cosine), positive_pairs(labels))
        return together + masked_mean(apart, ~same_identity(labels))
