"""Softmax: the plain linear classifier, for comparison."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class Softmax(MarginLayer):
    """Logits `W·x + b`, without normalisation or margin (ArcFace 1801.07698, eq. 1).

    Args:
        num_classes: Number of identities, at least 2.
        **kwargs: As `MarginLayer`, without `s` and `gradient`.
    """

    source = "ArcFace 1801.07698, eq. 1"

    scale_bounds_probability = False  # The centres have any length.

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(num_classes, None, "exact", **kwargs)

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres and the bias `[num_classes]`, which starts at zero."""
        super().build(embeddings_shape)
        self.bias = self.add_weight(name="bias", shape=(self.num_classes,), initializer="zeros")

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns `W·x + b`, with or without labels."""
        return self.class_centres.linear(embeddings) + self.bias
