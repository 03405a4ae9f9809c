"""SphereFace-R: a margin that multiplies the angle, stable without annealing."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import angle, falling_cosine
from facerec_tf.core.errors import require_at_least
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class SphereFaceR(MarginLayer):
    """Target logit `s·ψ(θ)` with the margin's slope detached (SphereFace-R, 2109.05565, §3–4).

    ψ(θ) = (−1)^k·cos(m·θ) − 2k, k = ⌊m·θ/π⌋. The gradient on cos θ is that of plain `s·cos θ`,
    the paper's characteristic gradient detachment.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None uses ‖x‖.
        m: Factor on the angle, at least 1.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "SphereFace-R 2109.05565"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 30.0,
        m: float = 1.7,
        gradient: str = "detached",
        **kwargs: Any,
    ) -> None:
        require_at_least("m", m, 1.0)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns ψ(θ), `[batch]`."""
        return falling_cosine(self.m * angle(cosine))
