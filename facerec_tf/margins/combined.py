"""Combined margin: multiplicative, additive angular and additive cosine margins in one."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import angle, falling_cosine
from facerec_tf.core.errors import require_non_negative, require_positive
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class Combined(MarginLayer):
    """Target logit `s·(cos(m1·θ + m2) − m3)` (ArcFace 1801.07698, eq. 4).

    Past m1·θ + m2 = π, where the cosine would increase again, it continues to fall without a jump,
    like SphereFace's ψ. The paper's CM1 is (1, 0.3, 0.2) and CM2 (0.9, 0.4, 0.15).

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None uses ‖x‖.
        m1: Factor on the angle, positive.
        m2: Margin on the angle, in radians, non-negative.
        m3: Margin on the cosine, non-negative.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "ArcFace 1801.07698, eq. 4"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        m1: float = 1.0,
        m2: float = 0.3,
        m3: float = 0.2,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_positive("m1", m1)
        require_non_negative("m2", m2)
        require_non_negative("m3", m3)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m1 = m1
        self.m2 = m2
        self.m3 = m3

    @property
    def cosine_margin(self) -> float:
        """The margin subtracted from the own cosine."""
        return self.m3

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns (π − m2)/m1, `[batch]`."""
        return ops.full_like(norm, (math.pi - self.m2) / self.m1)

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `cos(m1·θ + m2) − m3`, kept falling past π, `[batch]`."""
        return falling_cosine(self.m1 * angle(cosine) + self.m2) - self.m3
