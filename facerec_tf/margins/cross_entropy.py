"""The loss that every margin head feeds: softmax cross-entropy on sparse labels."""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from facerec_tf.core.errors import require

_fused = functools.partial(tf.function, jit_compile=True, autograph=False)


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """Returns the cross-entropy of each sample, `[batch]`, in the dtype of the logits.

    The value is that of TensorFlow's own operation, which walks over `[batch, num_classes]`
    several times more; this one reads the logits, and keeps nothing of their size beside them.

    Args:
        labels: `[batch]` int in `[0, num_classes)`.
        logits: `[batch, num_classes]` float.
        label_smoothing: Share ε of the target spread evenly over all classes, within [0, 1).

    Raises:
        ArgumentError: If `label_smoothing` is outside [0, 1).
    """
    require(0.0 <= label_smoothing < 1.0, "label_smoothing", "within [0, 1)", label_smoothing)

    @tf.custom_gradient
    def loss(logits: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        normalizer = _log_sum_exp(logits)
        target = tf.gather(logits, labels, axis=1, batch_dims=1)
        value = normalizer - target
        if label_smoothing:
            value += label_smoothing * (target - tf.reduce_mean(logits, axis=1))

        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return _gradient(upstream, labels, logits, normalizer, label_smoothing)

        return value, gradient

    return loss(logits)


@_fused
def _log_sum_exp(logits: tf.Tensor) -> tf.Tensor:
    return tf.reduce_logsumexp(logits, axis=1)


@_fused
def _gradient(
    upstream: tf.Tensor,
    labels: tf.Tensor,
    logits: tf.Tensor,
    normalizer: tf.Tensor,
    label_smoothing: float,
) -> tf.Tensor:
    """Returns upstream · (softmax − target distribution), `[batch, num_classes]`."""
    classes = tf.shape(logits, labels.dtype)[1]
    own = tf.range(classes, dtype=labels.dtype) == labels[:, None]  # never stored: XLA fuses it
    uniform = label_smoothing / tf.cast(classes, logits.dtype)
    target = tf.where(own, 1.0 - label_smoothing, 0.0) + uniform
    return upstream[:, None] * (
        tf.exp(logits - normalizer[:, None]) - tf.cast(target, logits.dtype)
    )
