"""ArcNegFace: other classes weigh more the closer their cosine is to the target."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import MOST_ADDED, added_angle
from facerec_tf.core.errors import require_between, require_positive
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class ArcNegFace(MarginLayer):
    """ArcFace whose other cosines become `t_j·cos θ_j + t_j − 1` (ArcNegFace, 1909.00632).

    t_j = α·exp(−(cos θ_j − φ)²/σ), where φ is the own target, cos(θ + m) or ArcFace's fallback.
    Classes close to the target weigh most. Much closer ones weigh less again, because an image
    that resembles another identity that strongly may be mislabelled.

    t_j depends smoothly on φ: `gradient="exact"` differentiates it with respect to both cosines.
    cavaface's implementation, from which the defaults are taken, treats t_j as a constant.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits.
        m: Margin on the angle, in radians, within [0, π/2].
        alpha: α, the highest weight, positive.
        sigma: σ, the width of the weight's bell curve in squared cosines, positive.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "ArcNegFace 1909.00632"

    def __init__(
        self,
        num_classes: int,
        s: float = 64.0,
        m: float = 0.5,
        alpha: float = 1.2,
        sigma: float = 2.0,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_between("m", m, 0.0, MOST_ADDED)
        require_positive("alpha", alpha)
        require_positive("sigma", sigma)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m
        self.alpha = alpha
        self.sigma = sigma

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns π − m, `[batch]`."""
        return ops.full_like(norm, math.pi - self.m)

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `cos(θ + m)`, with ArcFace's fallback, `[batch]`."""
        return added_angle(cosine, self.m)

    @staticmethod
    def negative_rule(
        cosine: tf.Tensor, target: tf.Tensor, alpha: tf.Tensor, sigma: tf.Tensor
    ) -> tf.Tensor:
        """Returns `t_j·cos θ_j + t_j − 1`."""
        weight = alpha * tf.exp(-((cosine - target) ** 2) / sigma)
        return weight * (cosine + 1.0) - 1.0

    def negative_parameters(self) -> tuple[float, float]:
        """Returns α and σ."""
        return self.alpha, self.sigma
