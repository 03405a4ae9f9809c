"""Ring loss: the difference of embedding lengths to a learned length."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import inverse_norm
from facerec_tf.core.batch import require_matrix
from facerec_tf.core.errors import require_positive
from facerec_tf.losses.base import EmbeddingLoss


@keras.saving.register_keras_serializable(package="facerec_tf")
class Ring(EmbeddingLoss):
    """`(‖x‖ − R)²`, the mean over the batch, with a learned R (Ring loss, 1803.00130, eq. 2).

    The equation's factor ½ is omitted: use half of the paper's weight.

    Args:
        radius: Initial R, positive; None uses √d, the length of embeddings after the BatchNorm at
            the end of a backbone.
        **kwargs: As `EmbeddingLoss`.
    """

    source = "Ring loss 1803.00130"

    auxiliary_weight = 0.01

    def __init__(self, radius: float | None = None, **kwargs: Any) -> None:
        if radius is not None:
            require_positive("radius", radius)
        super().__init__(**kwargs)
        self.radius = radius

    def build(self, labels_shape: tuple, embeddings_shape: tuple) -> None:
        """Creates R."""
        require_matrix(embeddings_shape)
        first = keras.initializers.Constant(self.radius or math.sqrt(embeddings_shape[-1]))
        self.length = self.add_weight(name="length", shape=(), initializer=first)

    def sample_losses(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns the squared differences, `[batch]`."""
        norm = 1.0 / inverse_norm(embeddings)[:, 0]
        return (norm - tf.convert_to_tensor(self.length)) ** 2
