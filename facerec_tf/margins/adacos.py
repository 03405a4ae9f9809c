"""AdaCos: no margin, and a scale that adapts during training."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import angle, clip_cosine, l2_normalize
from facerec_tf.core.errors import require_flag
from facerec_tf.core.fused import fused
from facerec_tf.core.replicas import gather_batch
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.similarity import own_class

#: Bounds of the scale: the formula gives 0 for two identities, and grows without bound where other
#: centres stay nearer than the own one.
_LEAST_SCALE, _GREATEST_SCALE = 1.0, 1000.0


@keras.saving.register_keras_serializable(package="facerec_tf")
class AdaCos(MarginLayer):
    """Logits `s̃·cos θ` with the scale that maximises the curvature of the probability (1905.00292).

    The probability is that of the own class. s̃ starts at √2·log(C − 1) (eq. 12). Each call with
    labels and `training=True` first sets it to log(B) / cos(min(π/4, θ_med)) (eq. 15). B is the
    batch mean of Σ_{j≠y} e^(s̃·cos θ_j) at the previous scale and θ_med the median target angle,
    both over the batches of all replicas together.

    Args:
        num_classes: Number of identities, at least 2.
        adaptive: False keeps the initial scale, which is the fixed AdaCos of the paper.
        **kwargs: As `MarginLayer`, without `s` and `gradient`.
    """

    source = "AdaCos 1905.00292"

    def __init__(self, num_classes: int, adaptive: bool = True, **kwargs: Any) -> None:
        require_flag("adaptive", adaptive)
        super().__init__(num_classes, None, "exact", **kwargs)
        self.adaptive = adaptive

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres and the scale."""
        super().build(embeddings_shape)
        first = math.sqrt(2.0) * math.log(self.num_classes - 1)
        first = keras.initializers.Constant(max(first, _LEAST_SCALE))
        self.scale = self.add_state("scale", initializer=first)

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns `s̃·cos θ` for every identity, with or without labels."""
        points = l2_normalize(embeddings)
        if labels is None or not (training and self.adaptive):
            return tf.convert_to_tensor(self.scale) * self.project(points)
        cosine, target = self.project_with_target(points, labels)
        fixed, fixed_target = tf.stop_gradient(cosine), tf.stop_gradient(target)
        self.scale.assign(self._next_scale(fixed, fixed_target, labels))
        return tf.convert_to_tensor(self.scale) * cosine

    def _next_scale(self, cosine: tf.Tensor, target: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        sums = gather_batch(_log_sums(cosine, labels, tf.convert_to_tensor(self.scale)))
        log_mean = tf.reduce_logsumexp(sums) - tf.math.log(tf.cast(tf.size(sums), sums.dtype))
        angles = tf.sort(gather_batch(angle(clip_cosine(target))))
        middle = tf.shape(angles)[0] // 2
        median = (angles[-1 - middle] + angles[middle]) / 2.0
        scale = log_mean / tf.cos(tf.minimum(median, math.pi / 4.0))
        return tf.clip_by_value(scale, _LEAST_SCALE, _GREATEST_SCALE)


@fused
def _log_sums(cosine: tf.Tensor, labels: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """Returns log Σ_{j≠y} e^(scale·cos θ_j) of each row, `[batch]`."""
    none = tf.constant(-math.inf, cosine.dtype)
    return tf.reduce_logsumexp(tf.where(own_class(cosine, labels), none, scale * cosine), axis=1)
