"""Distances between all embeddings of a batch, and masks of the pairs of one identity.

All gradients are finite, also for equal and for opposite embeddings.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import angle, clip_cosine, l2_normalize

#: Lower bound of a squared distance under the root.
_EPSILON = 1e-12


def cosines(embeddings: tf.Tensor) -> tf.Tensor:
    """Returns the cosine of the angle between each pair of embeddings, `[batch, batch]`."""
    unit = l2_normalize(embeddings)
    return clip_cosine(ops.matmul(unit, ops.transpose(unit)))


def squared_euclidean(cosine: tf.Tensor) -> tf.Tensor:
    """Returns ‖a − b‖² = 2 − 2·cos of unit vectors."""
    return 2.0 - 2.0 * cosine


def euclidean(cosine: tf.Tensor) -> tf.Tensor:
    """Returns ‖a − b‖ of unit vectors."""
    return ops.sqrt(ops.maximum(squared_euclidean(cosine), _EPSILON))


#: Name → function from cosines to distances of unit vectors; "angular" is in radians.
DISTANCES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "squared_euclidean": squared_euclidean,
    "euclidean": euclidean,
    "angular": angle,
}


def positive_pairs(labels: tf.Tensor) -> tf.Tensor:
    """Returns bool `[batch, batch]`: two different images of one identity."""
    return same_identity(labels) & ~tf.eye(tf.size(labels), dtype=tf.bool)


def same_identity(labels: tf.Tensor) -> tf.Tensor:
    """Returns bool `[batch, batch]`: whether two images show one identity."""
    return labels[:, tf.newaxis] == labels[tf.newaxis, :]


def masked_mean(values: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Returns the mean of `values` where `mask` is true, a scalar; 0 if `mask` is empty."""
    count = tf.reduce_sum(tf.cast(mask, values.dtype))
    total = tf.reduce_sum(tf.where(mask, values, tf.zeros([], values.dtype)))
    return total / tf.maximum(count, 1.0)
