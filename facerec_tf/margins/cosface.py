"""CosFace: a margin subtracted from the cosine."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import require_non_negative
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class CosFace(MarginLayer):
    """Target logit `s·(cos θ − m)` (CosFace 1801.09414, eq. 4; AM-Softmax 1801.05599).

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None uses ‖x‖.
        m: Margin on the cosine, non-negative; the paper saw divergence above 0.45.
        **kwargs: As `MarginLayer`, without `gradient`: this margin has slope one.
    """

    source = "CosFace 1801.09414"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        m: float = 0.35,
        **kwargs: Any,
    ) -> None:
        require_non_negative("m", m)
        super().__init__(num_classes, s, "exact", **kwargs)
        self.m = m

    @property
    def cosine_margin(self) -> float:
        """The margin subtracted from the own cosine."""
        return self.m

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `cos θ − m`, `[batch]`."""
        return cosine - self.m
