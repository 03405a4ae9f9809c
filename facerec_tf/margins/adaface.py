"""AdaFace: the margin depends on image quality, estimated from the length of the embedding."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import angle, falling_cosine
from facerec_tf.core.errors import require_between, require_non_negative, require_positive
from facerec_tf.core.replicas import gather_batch
from facerec_tf.margins.base import MarginLayer

#: Lengths are clipped to this range, as in the paper's code, to limit the effect of outliers.
_NORMS = (0.001, 100.0)


@keras.saving.register_keras_serializable(package="facerec_tf")
class AdaFace(MarginLayer):
    """Target logit `s·(cos(θ − m·z) − (m + m·z))` (2204.00964, §3).

    z = clip(h·(‖x‖ − μ)/σ, −1, 1) is the image's quality; no gradient flows through it. μ and σ are
    running means of the batch's mean and standard deviation of ‖x‖: each call with labels and
    `training=True` first updates them at `rate`, over all replicas. They start at 20 and 100, as in
    the paper's code. θ − m·z is at least 0, and past π the cosine continues to fall.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits.
        m: Margin, within [0, 1]: at low quality (z = −1) on the angle, in radians; at high
            quality (z = 1) on angle and cosine.
        h: Concentration: the slope of z over the standardised length, non-negative.
        rate: Weight of the new batch in μ and σ, within [0, 1].
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "AdaFace 2204.00964"

    def __init__(
        self,
        num_classes: int,
        s: float = 64.0,
        m: float = 0.4,
        h: float = 0.333,
        rate: float = 0.01,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_between("m", m, 0.0, 1.0)
        require_non_negative("h", h)
        require_between("rate", rate, 0.0, 1.0)
        require_positive("s", s)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.m = m
        self.h = h
        self.rate = rate

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres and the running statistics."""
        super().build(embeddings_shape)
        self.mean = self.add_state("mean", initializer=keras.initializers.Constant(20.0))
        self.std = self.add_state("std", initializer=keras.initializers.Constant(100.0))

    def quality(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns z `[batch]`, within [−1, 1], from the lengths of the embeddings."""
        norm = ops.clip(norm, *_NORMS)
        return ops.clip(self.h * (norm - self.mean) / (self.std + 1e-3), -1.0, 1.0)

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor:
        """Returns π + m·z, `[batch]`; only low-quality images can have an angle past it."""
        return math.pi + self.m * self.quality(norm)

    def adaptive_target(
        self, cosine: tf.Tensor, norm: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Updates μ and σ if `training`; returns `cos(θ − m·z) − (m + m·z)`, `[batch]`."""
        norm = ops.stop_gradient(norm)
        if training:
            self._observe(gather_batch(ops.clip(norm, *_NORMS)))
        quality = self.quality(norm)
        shifted = ops.maximum(angle(cosine) - self.m * quality, 0.0)
        return falling_cosine(shifted) - self.m * (1.0 + quality)

    def _observe(self, norms: tf.Tensor) -> None:
        mean = tf.reduce_mean(norms)
        count = tf.cast(tf.size(norms), norms.dtype)
        variance = tf.reduce_sum((norms - mean) ** 2) / tf.maximum(count - 1.0, 1.0)
        self.mean.assign_add(self.rate * (mean - self.mean))
        self.std.assign_add(self.rate * (tf.sqrt(variance) - self.std))
