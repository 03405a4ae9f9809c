"""MV-Softmax: hard other classes weigh more."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.errors import require_at_least
from facerec_tf.core.lookup import require_known
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.margin_forms import MARGIN_FORMS


@keras.saving.register_keras_serializable(package="facerec_tf")
class MVSoftmax(MarginLayer):
    """A margin on the own class, and higher cosines of hard other classes (1912.00833, §3).

    Another class is hard where cos θ_j > φ(θ), the own cosine with its margin; its cosine then
    becomes t·cos θ_j + t − 1 (MV-Arc-Softmax and MV-AM-Softmax with the adaptive weight).

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; 32 in the paper.
        form: "arc" for φ = cos(θ + m), "cos" for φ = cos θ − m.
        m: Margin, within [0, π/2] rad for "arc" (default 0.5) or [0, 2] for "cos" (0.35).
        t: Weight of hard classes, at least 1; 1 has no effect.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "MV-Softmax 1912.00833"

    def __init__(
        self,
        num_classes: int,
        s: float = 32.0,
        form: str = "arc",
        m: float | None = None,
        t: float = 1.2,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_known(form, MARGIN_FORMS, "form")
        m = MARGIN_FORMS[form].margin(m)
        require_at_least("t", t, 1.0)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.form = form
        self.m = m
        self.t = t

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor | None:
        """Returns π − m for form "arc", `[batch]`."""
        return ops.full_like(norm, math.pi - self.m) if self.form == "arc" else None

    @property
    def cosine_margin(self) -> float | None:
        """The margin subtracted from the own cosine."""
        return self.m if self.form == "cos" else None

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns φ(θ), `[batch]`."""
        return MARGIN_FORMS[self.form].apply(cosine, self.m)

    @staticmethod
    def negative_rule(cosine: tf.Tensor, target: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        """Returns `t·cos θ_j + t − 1` for hard classes, cos θ_j for the rest."""
        return tf.where(cosine > target, t * cosine + t - 1.0, cosine)

    def negative_parameters(self) -> tuple[float]:
        """Returns t."""
        return (self.t,)
