"""ArcFace: a margin added to the angle."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import MOST_ADDED, added_angle, sine
from facerec_tf.core.errors import require_between, require_flag
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class ArcFace(MarginLayer):
    """Target logit `s·cos(θ + m)` (ArcFace 1801.07698, eq. 3).

    Past θ = π − m, where cos(θ + m) would increase again, the target is `s·(cos θ − m·sin m)`.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None uses ‖x‖.
        m: Margin on the angle, in radians, within [0, π/2].
        easy_margin: Whether to apply the margin only where θ < π/2.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "ArcFace 1801.07698"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        m: float = 0.5,
        easy_margin: bool = False,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_between("m", m, 0.0, MOST_ADDED)
        require_flag("easy_margin", easy_margin)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m
        self.easy_margin = easy_margin

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns π − m, or π/2 with `easy_margin`, `[batch]`."""
        return ops.full_like(norm, math.pi / 2.0 if self.easy_margin else math.pi - self.m)

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `cos(θ + m)`, or the fallback where that would not decrease, `[batch]`."""
        if not self.easy_margin:
            return added_angle(cosine, self.m)
        shifted = cosine * math.cos(self.m) - sine(cosine) * math.sin(self.m)
        return ops.where(cosine > 0.0, shifted, cosine)
