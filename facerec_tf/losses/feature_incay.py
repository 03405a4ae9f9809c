"""Feature incay: rewards longer embeddings where the classification is correct."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import require_positive
from facerec_tf.losses.base import EmbeddingLoss


@keras.saving.register_keras_serializable(package="facerec_tf")
class FeatureIncay(EmbeddingLoss):
    """`mean(1(correct)/(‖x‖² + ε))`: the reciprocal norm loss of feature incay (1705.10284).

    Args:
        epsilon: ε, positive; it bounds the gradient on short embeddings.
        **kwargs: As `EmbeddingLoss`.
    """

    source = "Feature incay 1705.10284"

    inputs = ("correct",)

    def __init__(self, epsilon: float = 1e-3, **kwargs: Any) -> None:
        require_positive("epsilon", epsilon)
        super().__init__(**kwargs)
        self.epsilon = epsilon

    def sample_losses(
        self, labels: tf.Tensor, embeddings: tf.Tensor, correct: tf.Tensor
    ) -> tf.Tensor:
        """Returns the losses, `[batch]`; `correct` is 1 where the own logit is highest."""
        return correct / (tf.reduce_sum(embeddings**2, axis=1) + self.epsilon)
