"""Summed binary cross-entropy, the loss of heads with one binary classifier per class."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from facerec_tf.core.fused import fused
from facerec_tf.core.labels import check_labels
from facerec_tf.margins.similarity import own_class


def binary_cross_entropy(
    labels: tf.Tensor, logits: tf.Tensor, positive: float = 1.0, negative: float = 1.0
) -> tf.Tensor:
    """Returns `positive·log(1 + e^−z_y) + negative·Σ_{j≠y} log(1 + e^z_j)`, `[batch]`.

    Args:
        labels: `[batch]` or `[batch, 1]`, whole numbers in `[0, num_classes)`.
        logits: z `[batch, num_classes]` float.
        positive: Weight of the own class.
        negative: Weight of every other class.
    """
    checked = check_labels(labels, logits.shape[1], rows=logits.shape[0])
    labels = checked.values
    weights = [tf.constant(weight, logits.dtype) for weight in (positive, negative)]

    @tf.custom_gradient
    def loss(logits: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return _slope(upstream, labels, logits, *weights)

        return _value(labels, logits, *weights), gradient

    return checked.mark(loss(logits))


@fused
def _value(
    labels: tf.Tensor, logits: tf.Tensor, positive: tf.Tensor, negative: tf.Tensor
) -> tf.Tensor:
    own = own_class(logits, labels)
    # log(1 + e^z) without overflow, for z of the others and −z of the own class.
    signed = tf.where(own, -logits, logits)
    losses = tf.maximum(signed, 0.0) + tf.math.log1p(tf.exp(-tf.abs(signed)))
    return tf.reduce_sum(tf.where(own, positive, negative) * losses, axis=1)


@fused
def _slope(
    upstream: tf.Tensor,
    labels: tf.Tensor,
    logits: tf.Tensor,
    positive: tf.Tensor,
    negative: tf.Tensor,
) -> tf.Tensor:
    own = own_class(logits, labels)
    probability = tf.sigmoid(logits)
    slope = tf.where(own, positive * (probability - 1.0), negative * probability)
    return upstream[:, tf.newaxis] * slope
