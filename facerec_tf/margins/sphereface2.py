"""SphereFace2: one binary classifier per class instead of a softmax over all."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.errors import (
    require_at_least,
    require_non_negative,
    require_positive,
    require_share,
)
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.binary_cross_entropy import binary_cross_entropy


@keras.saving.register_keras_serializable(package="facerec_tf")
class SphereFace2(MarginLayer):
    """Binary cross-entropy over logits `s·(g(cos θ) ∓ m) + b` (SphereFace2, 2108.01513, eq. 8).

    g(c) = 2·((c + 1)/2)^t − 1 spreads the similarities of other classes, which are close together.
    The margin is subtracted for the own class and added for the others; b is a bias shared by all
    classes. The loss of a sample is
    `weight/s·(λ·log(1 + e^−z_y) + (1 − λ)·Σ_{j≠y} log(1 + e^z_j))`.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits, the paper's r.
        m: Margin on g, non-negative.
        t: Exponent, at least 1.
        balance: λ, the weight of the own class, above 0 and below 1.
        weight: Factor on the loss: 1 in the paper's equation, 50 in its authors' code.
        gradient: "detached", as in the authors' code: the slope of cos θ instead of that of g; or
            "exact".
        **kwargs: As `MarginLayer`.
    """

    source = "SphereFace2 2108.01513"

    smooths_labels = False
    scale_bounds_probability = False

    s: float

    def __init__(
        self,
        num_classes: int,
        s: float = 40.0,
        m: float = 0.4,
        t: float = 3.0,
        balance: float = 0.7,
        weight: float = 50.0,
        gradient: str = "detached",
        **kwargs: Any,
    ) -> None:
        require_non_negative("m", m)
        require_at_least("t", t, 1.0)
        require_share("balance", balance)
        require_positive("weight", weight)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m
        self.t = t
        self.balance = balance
        self.weight = weight

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres and the bias, which balances the gradients at cos θ = 0."""
        super().build(embeddings_shape)
        first = keras.initializers.Constant(self._first_bias())
        self.bias = self.add_weight(name="bias", shape=(), initializer=first)

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns the logits of the classifiers; without labels, s·cos θ."""
        logits = super().logits(embeddings, labels, training)
        return logits if labels is None else logits + tf.convert_to_tensor(self.bias)

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns `g(cos θ) − m`, `[batch]`."""
        return _spread(cosine, self.t) - self.m

    @staticmethod
    def negative_rule(
        cosine: tf.Tensor, target: tf.Tensor, t: tf.Tensor, m: tf.Tensor
    ) -> tf.Tensor:
        """Returns `g(cos θ_j) + m`."""
        return _spread(cosine, t) + m

    def negative_parameters(self) -> tuple[float, float]:
        """Returns t and m."""
        return self.t, self.m

    def sample_losses(
        self,
        labels: tf.Tensor,
        logits: tf.Tensor,
        embeddings: tf.Tensor,
        label_smoothing: float = 0.0,
    ) -> tf.Tensor:
        """Returns the weighted binary cross-entropy of each sample, `[batch]`."""
        factor = self.weight / self.s
        own, others = factor * self.balance, factor * (1.0 - self.balance)
        return binary_cross_entropy(labels, logits, own, others)

    def _first_bias(self) -> float:
        """Returns b at which the slopes of own and other classes cancel for cos θ = 0.

        λ·σ(−z_y) = (1 − λ)(C − 1)·σ(z_j) is quadratic in e^b (the authors' code, in closed form).
        """
        spread = 2.0 * 0.5**self.t - 1.0
        own, other = self.s * (spread - self.m), self.s * (spread + self.m)
        ratio = self.balance / ((1.0 - self.balance) * (self.num_classes - 1))
        fraction = math.exp(max(own - other, -700.0))
        root = math.sqrt((1.0 - ratio) ** 2 + 4.0 * ratio * fraction)
        if ratio > 1.0:  # Another form of the same root, because 1 − ratio + root may vanish.
            return math.log(ratio - 1.0 + root) - math.log(2.0) - own
        return math.log(2.0 * ratio) - other - math.log(1.0 - ratio + root)


def _spread(cosine: tf.Tensor, t: float | tf.Tensor) -> tf.Tensor:
    # Exponential and logarithm are vectorised, the power is not.
    base = tf.maximum((cosine + 1.0) / 2.0, 1e-12)
    return 2.0 * tf.exp(t * tf.math.log(base)) - 1.0
