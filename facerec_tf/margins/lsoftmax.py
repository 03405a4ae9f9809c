"""L-Softmax: SphereFace's margin on centres that keep their lengths."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import inverse_norm
from facerec_tf.margins.sphereface import SphereFace


@keras.saving.register_keras_serializable(package="facerec_tf")
class LSoftmax(SphereFace):
    """Target logit `‖W_y‖·‖x‖·(λ·cos θ + ψ(θ))/(1 + λ)` (L-Softmax, ICML 2016, eqs. 4 and 6).

    ψ and λ are those of `SphereFace`; the other logits are `W_j·x`.

    Args:
        num_classes: Number of identities, at least 2.
        m: Factor on the angle, at least 1.
        lambda_base: λ at step 0, non-negative.
        lambda_min: Lower bound of λ, non-negative.
        gamma: Decay of λ per step, non-negative.
        power: Exponent of the decay, non-negative.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`, without `s`: the lengths are the scale.
    """

    source = "L-Softmax, ICML 2016"

    def __init__(
        self,
        num_classes: int,
        m: float = 4.0,
        lambda_base: float = 1000.0,
        lambda_min: float = 5.0,
        gamma: float = 0.12,
        power: float = 1.0,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_classes, None, m, lambda_base, lambda_min, gamma, power, gradient, **kwargs
        )

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns the logits; without labels they are `W·x`."""
        if labels is None:
            return self.class_centres.linear(embeddings)
        products, target, length = self.class_centres.linear_with_target(embeddings, labels)
        norm = 1.0 / inverse_norm(embeddings)[:, 0]
        return self.with_margin(products, target, labels, norm * length, norm, training)
