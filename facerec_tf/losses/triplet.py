"""Triplet loss: images of one identity are closer than others, by a margin."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import require_non_negative
from facerec_tf.core.lookup import require_known
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.distances import DISTANCES, cosines, positive_pairs, same_identity
from facerec_tf.losses.mining import MINING

#: Distance → default margin.
DEFAULT_MARGINS = {"squared_euclidean": 0.2, "euclidean": 0.2, "angular": 0.35}


@keras.saving.register_keras_serializable(package="facerec_tf")
class Triplet(EmbeddingLoss):
    """`[d(a, p) − d(a, n) + m]₊` over triplets of the batch (FaceNet 1503.03832, eq. 3).

    Embeddings are normalised to unit length. Without a valid triplet the loss is 0.

    Args:
        m: Margin, in the unit of the distance, non-negative; by default FaceNet's 0.2, or for
            "angular" ArcFace's 0.35 rad (1801.07698, eq. 7).
        mining: "semi_hard": for each pair of one identity the nearest negative beyond the
            positive, or the farthest; the mean over pairs. "batch_hard": for each anchor the
            farthest positive and the nearest negative; the mean over anchors. "batch_all": every
            triplet; the mean over those with a positive loss.
        distance: "squared_euclidean", "euclidean" or "angular", in radians.
        **kwargs: As `EmbeddingLoss`.
    """

    source = "FaceNet 1503.03832"

    compares_images = True
    separates_identities = True

    def __init__(
        self,
        m: float | None = None,
        mining: str = "semi_hard",
        distance: str = "squared_euclidean",
        **kwargs: Any,
    ) -> None:
        require_known(mining, MINING, "mining")
        require_known(distance, DISTANCES, "distance")
        m = DEFAULT_MARGINS[distance] if m is None else m
        require_non_negative("m", m)
        super().__init__(**kwargs)
        self.m = m
        self.mining = mining
        self.distance = distance

    def value(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns the mean loss of the mined triplets, a scalar."""
        distances = DISTANCES[self.distance](cosines(embeddings))
        negatives = ~same_identity(labels)
        return MINING[self.mining](distances, positive_pairs(labels), negatives, self.m)
