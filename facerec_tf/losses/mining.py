"""Triplet mining: the selection of triplets in a batch, and their loss.

Each function takes distances `[batch, batch]`, positive and negative pairs (bool, of that shape)
and the margin, and returns a scalar: 0, with zero gradient, for a batch without a valid triplet.
Sorting each anchor's negatives once keeps the memory at batch², where all triplets are batch³.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from facerec_tf.losses.distances import masked_mean

Mining = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, float], tf.Tensor]


def semi_hard(
    distances: tf.Tensor, positives: tf.Tensor, negatives: tf.Tensor, margin: float
) -> tf.Tensor:
    """Returns the mean over all (anchor, positive) of [d_ap − d_an + margin]₊ (FaceNet, eq. 4).

    The negative is the nearest of those farther than the positive, or else the farthest.
    """
    order, ascending = _sorted_negatives(distances, negatives)
    count = tf.reduce_sum(tf.cast(negatives, tf.int32), axis=1, keepdims=True)
    beyond = tf.searchsorted(ascending, tf.stop_gradient(distances), side="right")
    place = tf.maximum(tf.minimum(beyond, count - 1), 0)
    negative = _pick(distances, tf.gather(order, place, batch_dims=1))
    return masked_mean(tf.nn.relu(distances - negative + margin), positives & (count > 0))


def batch_hard(
    distances: tf.Tensor, positives: tf.Tensor, negatives: tf.Tensor, margin: float
) -> tf.Tensor:
    """Returns the mean over anchors of [max d_ap − min d_an + margin]₊ (1703.07737, eq. 5).

    Anchors without a positive or without a negative are ignored.
    """
    infinite = tf.constant(float("inf"), distances.dtype)
    farthest = tf.argmax(tf.where(positives, distances, -infinite), axis=1)
    nearest = tf.argmin(tf.where(negatives, distances, infinite), axis=1)
    hinge = _pick(distances, farthest) - _pick(distances, nearest) + margin
    valid = tf.reduce_any(positives, axis=1) & tf.reduce_any(negatives, axis=1)
    return masked_mean(tf.nn.relu(hinge), valid)


def batch_all(
    distances: tf.Tensor, positives: tf.Tensor, negatives: tf.Tensor, margin: float
) -> tf.Tensor:
    """Returns the mean of [d_ap − d_an + margin]₊ over the triplets where it is positive.

    All of the batch's triplets, averaged over the violations (1703.07737, eq. 6).
    """
    order, ascending = _sorted_negatives(distances, negatives)
    reach = distances + margin
    violations = tf.searchsorted(ascending, tf.stop_gradient(reach), side="left")
    # Σ (d_ap + margin − d_an) over an anchor's nearest negatives: their number and running sum.
    running = tf.cumsum(_pick(distances, order), axis=1)
    nearest = tf.pad(running, [[0, 0], [1, 0]])
    count = tf.cast(violations, distances.dtype)
    hinges = tf.where(positives, count * reach - _pick(nearest, violations), 0.0)
    total = tf.reduce_sum(tf.where(positives, count, 0.0))
    return tf.reduce_sum(hinges) / tf.maximum(total, 1.0)


def _sorted_negatives(distances: tf.Tensor, negatives: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns each row's columns sorted by distance, negatives first, and those distances.

    The distances have no gradient; other pairs are infinite.
    """
    infinite = tf.constant(float("inf"), distances.dtype)
    masked = tf.stop_gradient(tf.where(negatives, distances, infinite))
    order = tf.argsort(masked, axis=1, stable=True)
    return order, tf.gather(masked, order, batch_dims=1)


def _pick(distances: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """Returns the entries of each row at the given columns."""
    return tf.gather(distances, places, batch_dims=1)


#: Name → function.
MINING: dict[str, Mining] = {
    "semi_hard": semi_hard,
    "batch_hard": batch_hard,
    "batch_all": batch_all,
}
