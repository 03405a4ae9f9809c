"""UniFace: one threshold for every pair of face and class."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import require_non_negative, require_positive
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.binary_cross_entropy import binary_cross_entropy


@keras.saving.register_keras_serializable(package="facerec_tf")
class UniFace(MarginLayer):
    """Summed binary cross-entropy over `s·(cos θ − m) − b`, `s·cos θ_j − b` (ICCV 2023).

    One learned bias b is shared by all classes: own similarities are trained above b/s, all others
    below. b starts at log(10·C), as in the authors' code.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits.
        m: Margin on the own cosine, non-negative.
        **kwargs: As `MarginLayer`, without `gradient`: this margin has slope one.
    """

    source = "UniFace, ICCV 2023"

    smooths_labels = False
    scale_bounds_probability = False

    def __init__(self, num_classes: int, s: float = 64.0, m: float = 0.4, **kwargs: Any) -> None:
        require_non_negative("m", m)
        require_positive("s", s)
        super().__init__(num_classes, s, "exact", **kwargs)
        self.m = m

    @property
    def cosine_margin(self) -> float:
        """The margin subtracted from the own cosine."""
        return self.m

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres and the bias."""
        super().build(embeddings_shape)
        first = keras.initializers.Constant(math.log(10.0 * self.num_classes))
        self.bias = self.add_weight(name="bias", shape=(), initializer=first)

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns the logits of the classifiers; without labels, s·cos θ."""
        logits = super().logits(embeddings, labels, training)
        return logits if labels is None else logits - tf.convert_to_tensor(self.bias)

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `cos θ − m`, `[batch]`."""
        return cosine - self.m

    def sample_losses(
        self,
        labels: tf.Tensor,
        logits: tf.Tensor,
        embeddings: tf.Tensor,
        label_smoothing: float = 0.0,
    ) -> tf.Tensor:
        """Returns the summed binary cross-entropy of each sample, `[batch]`."""
        return binary_cross_entropy(labels, logits)
