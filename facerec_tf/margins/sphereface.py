"""SphereFace: a margin that multiplies the angle, annealed from plain softmax."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import angle, falling_cosine
from facerec_tf.core.errors import require_at_least, require_non_negative
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class SphereFace(MarginLayer):
    """Target logit `‖x‖·(λ·cos θ + ψ(θ))/(1 + λ)` (A-Softmax, 1704.08063, eq. 7 and its code).

    ψ(θ) = (−1)^k·cos(m·θ) − 2k with k = ⌊m·θ/π⌋ decreases on all of [0, π], for integer and
    fractional m. λ = max(lambda_min, lambda_base·(1 + gamma·step)^−power), where `step` counts
    the calls with labels and `training=True`, once for all replicas together, and is saved with
    the layer. The first such call uses step 0.

    Args:
        num_classes: Number of identities, at least 2.
        s: None scales by ‖x‖, as in the paper; a number replaces ‖x‖ (64 in the ArcFace paper's
            comparison).
        m: Factor on the angle, at least 1.
        lambda_base: λ at step 0, non-negative.
        lambda_min: Lower bound of λ, non-negative.
        gamma: Decay of λ per step, non-negative.
        power: Exponent of the decay, non-negative.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "SphereFace 1704.08063"

    def __init__(
        self,
        num_classes: int,
        s: float | None = None,
        m: float = 4.0,
        lambda_base: float = 1000.0,
        lambda_min: float = 5.0,
        gamma: float = 0.12,
        power: float = 1.0,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_at_least("m", m, 1.0)
        require_non_negative("lambda_base", lambda_base)
        require_non_negative("lambda_min", lambda_min)
        require_non_negative("gamma", gamma)
        require_non_negative("power", power)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m
        self.lambda_base = lambda_base
        self.lambda_min = lambda_min
        self.gamma = gamma
        self.power = power

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres and the step counter."""
        super().build(embeddings_shape)
        # Replicas take steps together, so all counts are equal.
        self.step = self.add_state("step", dtype="int64")

    def call(
        self,
        embeddings: tf.Tensor,
        labels: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the logits as `MarginLayer.call`, and counts the step if `training`."""
        logits = super().call(embeddings, labels, training)
        if training and labels is not None:
            self.step.assign_add(1)
        return logits

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `(λ·cos θ + ψ(θ))/(1 + λ)`, `[batch]`."""
        step = ops.cast(self.step, self.compute_dtype)
        annealed = self.lambda_base * ops.power(1.0 + self.gamma * step, -self.power)
        weight = ops.maximum(annealed, self.lambda_min)
        return (weight * cosine + falling_cosine(self.m * angle(cosine))) / (1.0 + weight)
