"""CurricularFace: hard negatives weigh more as training progresses."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import MOST_ADDED, added_angle
from facerec_tf.core.errors import require_between
from facerec_tf.core.replicas import gather_batch
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class CurricularFace(MarginLayer):
    """ArcFace whose hard negatives become `cos θ_j·(t + cos θ_j)` (2004.00288, §3.2).

    A negative is hard if its cosine exceeds the own target, cos(θ + m) or ArcFace's fallback. t is
    the running mean of the target cosine: each call with labels and `training=True` first moves it
    by `rate` towards the mean of the batch, over all replicas.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits.
        m: Margin on the angle, in radians, within [0, π/2].
        rate: Weight of the new batch in t, within [0, 1].
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "CurricularFace 2004.00288"

    def __init__(
        self,
        num_classes: int,
        s: float = 64.0,
        m: float = 0.5,
        rate: float = 0.01,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_between("m", m, 0.0, MOST_ADDED)
        require_between("rate", rate, 0.0, 1.0)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m
        self.rate = rate

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres, and t, which starts at zero."""
        super().build(embeddings_shape)
        self.t = self.add_state("t")

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns π − m, `[batch]`."""
        return ops.full_like(norm, math.pi - self.m)

    def adaptive_target(
        self, cosine: tf.Tensor, norm: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Updates t if `training`; returns `cos(θ + m)`, with ArcFace's fallback, `[batch]`."""
        if training:
            mean = tf.reduce_mean(gather_batch(tf.stop_gradient(cosine)))
            self.t.assign_add(self.rate * (mean - self.t))
        return added_angle(cosine, self.m)

    @staticmethod
    def negative_rule(cosine: tf.Tensor, target: tf.Tensor, t: tf.Tensor) -> tf.Tensor:
        """Returns `cos θ_j·(t + cos θ_j)` for hard negatives, cos θ_j for the rest."""
        return tf.where(cosine > target, cosine * (t + cosine), cosine)

    def negative_parameters(self) -> tuple[tf.Tensor]:
        """Returns t."""
        return (tf.convert_to_tensor(self.t),)
