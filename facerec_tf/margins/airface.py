"""AirFace: logits linear in the angle."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import angle, many_angles
from facerec_tf.core.errors import require_non_negative
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class AirFace(MarginLayer):
    """Target logit `s·(π − 2(θ + m))/π`, others `s·(π − 2θ_j)/π` (Li-ArcFace, 1907.12256).

    The logits are linear in the angle, so the margin has the same effect at every angle, without a
    fallback past π − m. Without labels the logits are `s·cos θ`, as for every head; they rank the
    classes in the same order.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits.
        m: Margin on the angle in radians, non-negative.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "AirFace 1907.12256"

    def __init__(
        self,
        num_classes: int,
        s: float = 64.0,
        m: float = 0.45,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_non_negative("m", m)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `1 − 2(θ + m)/π`, `[batch]`."""
        return 1.0 - (2.0 / math.pi) * (angle(cosine) + self.m)

    @staticmethod
    def negative_rule(cosine: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        """Returns `1 − 2θ/π`."""
        return 1.0 - (2.0 / math.pi) * many_angles(cosine)
