"""L2-Softmax: the linear classifier on embeddings of fixed length."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import require_positive
from facerec_tf.margins.softmax import Softmax


@keras.saving.register_keras_serializable(package="facerec_tf")
class L2Softmax(Softmax):
    """Logits `s·W·x/‖x‖ + b`: embeddings are normalised, centres are not (1703.09507, eq. 3).

    Args:
        num_classes: Number of identities, at least 2.
        s: Length of the scaled embeddings, the paper's α; values from 16 to 64 train well.
        **kwargs: As `MarginLayer`, without `gradient`: there is no margin to detach.
    """

    source = "L2-constrained softmax 1703.09507"

    def __init__(self, num_classes: int, s: float = 32.0, **kwargs: Any) -> None:
        require_positive("s", s)
        super().__init__(num_classes, **kwargs)
        self.s = s

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns `s·W·x/‖x‖ + b`, with or without labels."""
        return super().logits(self.s * l2_normalize(embeddings), labels, training)
