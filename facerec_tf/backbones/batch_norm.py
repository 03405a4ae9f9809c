"""Batch normalisation with TensorFlow's fused kernel and statistics of the global batch."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

_FUSED_DTYPES = ("float16", "bfloat16", "float32")


@keras.saving.register_keras_serializable(package="facerec_tf")
class BatchNorm(keras.layers.BatchNormalization):
    """Batch normalisation over the last axis, with the fused kernel where it exists.

    Keras normalises with five separate TensorFlow operations. The fused kernel takes one pass,
    keeps half-precision activations in half precision, and makes training an IResNet on a CPU 1.5
    times as fast. Under a strategy with several replicas the moments are those of the global
    batch. The running variance uses the unbiased estimate, as in PyTorch and cuDNN.

    Args:
        momentum: Fraction of the old running statistics kept at each step.
        epsilon: Added to the variance; the kernel requires at least 1.001e-5.
        scale: Whether γ is learned; otherwise γ is 1.
        **kwargs: Passed to `keras.layers.BatchNormalization`.
    """

    def __init__(
        self, momentum: float = 0.9, epsilon: float = 2e-5, scale: bool = True, **kwargs: Any
    ) -> None:
        kwargs.setdefault("synchronized", True)
        super().__init__(momentum=momentum, epsilon=epsilon, scale=scale, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalises `inputs` of shape `[batch, …, channels]`, keeping shape and dtype."""
        if keras.backend.standardize_dtype(inputs.dtype) not in _FUSED_DTYPES:
            return super().call(inputs, training=training, mask=mask)
        if not (training and self.trainable):
            return self._fused(inputs, self.moving_mean, self.moving_variance)[0]
        if _replicas() > 1:
            return self._normalize_across_replicas(inputs)
        outputs, mean, variance = self._fused(inputs)
        self._update_statistics(mean, variance)
        return outputs

    def _fused(self, inputs: Any, mean: Any = None, variance: Any = None) -> tuple[Any, Any, Any]:
        """Runs the kernel, in inference mode if statistics are given, else on batch statistics."""
        channels = inputs.shape[-1]
        gamma = tf.ones([channels]) if self.gamma is None else tf.convert_to_tensor(self.gamma)
        beta = tf.zeros([channels]) if self.beta is None else tf.convert_to_tensor(self.beta)
        images = tf.reshape(inputs, [-1, 1, 1, channels]) if len(inputs.shape) == 2 else inputs
        given = mean is not None
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            images,
            gamma,
            beta,
            mean=tf.convert_to_tensor(mean) if given else None,
            variance=tf.convert_to_tensor(variance) if given else None,
            epsilon=self.epsilon,
            is_training=not given,
        )
        return tf.reshape(outputs, tf.shape(inputs)), mean, variance

    def _normalize_across_replicas(self, inputs: Any) -> Any:
        """Normalises by the moments of the global batch, which the kernel of one replica lacks."""
        x = ops.cast(inputs, "float32")
        axes = list(range(len(inputs.shape) - 1))
        replica = tf.distribute.get_replica_context()

        # Sums, because the replicas' shares may differ in size, and be empty.
        own_count = tf.cast(tf.size(x) // x.shape[-1], tf.float32)
        total, count = replica.all_reduce("SUM", [tf.reduce_sum(x, axes), own_count])
        mean = total / count
        # From deviations: E[x²] − E[x]² would lose most of float32's digits to cancellation.
        variance = replica.all_reduce("SUM", tf.reduce_sum(tf.square(x - mean), axes)) / count
        self._update_statistics(mean, variance * count / tf.maximum(count - 1.0, 1.0))
        outputs = ops.batch_normalization(
            x, mean, variance, axis=-1, offset=self.beta, scale=self.gamma, epsilon=self.epsilon
        )
        return ops.cast(outputs, inputs.dtype)

    def _update_statistics(self, mean: Any, variance: Any) -> None:
        for statistic, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            statistic.assign(statistic * self.momentum + value * (1.0 - self.momentum))


def _replicas() -> int:
    context = tf.distribute.get_replica_context()
    return context.num_replicas_in_sync if context is not None else 1
