"""MagFace: the margin grows with the length of the embedding."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import MOST_ADDED, added_angle, inverse_norm
from facerec_tf.core.errors import require, require_between, require_non_negative, require_positive
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class MagFace(MarginLayer):
    """Target logit `s·cos(θ + m(a))`, plus a loss `λ·g(a)` that rewards length (2103.06627, §3.2).

    a is ‖x‖ clipped to [l_a, u_a], m(a) rises linearly from l_m to u_m over that range, and
    g(a) = a/u_a² + 1/a decreases: well-separated faces get longer embeddings. Past θ = π − m(a)
    the target uses ArcFace's fallback.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits.
        l_a: Least length, positive.
        u_a: Greatest length, above `l_a`.
        l_m: Margin at `l_a` in radians, non-negative.
        u_m: Margin at `u_a` in radians, within [l_m, π/2].
        lambda_g: Weight of g, non-negative.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "MagFace 2103.06627"

    def __init__(
        self,
        num_classes: int,
        s: float = 64.0,
        l_a: float = 10.0,
        u_a: float = 110.0,
        l_m: float = 0.45,
        u_m: float = 0.8,
        lambda_g: float = 35.0,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_positive("s", s)
        require_positive("l_a", l_a)
        require_positive("u_a", u_a)
        require(u_a > l_a, "u_a", f"above l_a={l_a}", u_a)
        require_between("l_m", l_m, 0.0, MOST_ADDED)
        require_between("u_m", u_m, l_m, MOST_ADDED)
        require_non_negative("lambda_g", lambda_g)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.l_a = l_a
        self.u_a = u_a
        self.l_m = l_m
        self.u_m = u_m
        self.lambda_g = lambda_g

    @property
    def length_range(self) -> tuple[float, float]:
        """Returns l_a and u_a."""
        return self.l_a, self.u_a

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns π − m(a), `[batch]`."""
        return math.pi - self._margin(norm)

    def adaptive_target(
        self, cosine: tf.Tensor, norm: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Returns `cos(θ + m(a))`, with ArcFace's fallback, `[batch]`."""
        return added_angle(cosine, self._margin(norm))

    def sample_losses(
        self,
        labels: tf.Tensor,
        logits: tf.Tensor,
        embeddings: tf.Tensor,
        label_smoothing: float = 0.0,
    ) -> tf.Tensor:
        """Returns cross-entropy plus λ·g(a), `[batch]`."""
        losses = super().sample_losses(labels, logits, embeddings, label_smoothing)
        embeddings = ops.cast(embeddings, self.compute_dtype)
        length = self._clip(1.0 / inverse_norm(embeddings)[:, 0])
        return losses + self.lambda_g * (length / self.u_a**2 + 1.0 / length)

    def _margin(self, norm: tf.Tensor) -> tf.Tensor:
        slope = (self.u_m - self.l_m) / (self.u_a - self.l_a)
        return self.l_m + slope * (self._clip(norm) - self.l_a)

    def _clip(self, norm: tf.Tensor) -> tf.Tensor:
        return ops.clip(norm, self.l_a, self.u_a)
