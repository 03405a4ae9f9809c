"""Inner products with unit-length class centres, without ever storing the unit-length centres.

At 100,000 identities the centres outweigh everything else a head touches (512 × 10⁵ floats), so
the columns' lengths divide the products instead of the centres, and the gradient is written out
by hand: three matrix products, and one pass over the centres in either direction.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def project(points: tf.Tensor, centres: tf.Tensor) -> tf.Tensor:
    """Returns the inner products of points with the directions of the centres.

    Args:
        points: `[batch, d]` float.
        centres: `[d, classes]` float; only the direction of each column counts.

    Returns:
        `[batch, classes]`, the lengths of the points times the cosines.
    """
    return tf.matmul(points, centres) * _inverse_lengths(centres)


@tf.custom_gradient
def project_with_target(
    points: tf.Tensor, centres: tf.Tensor, labels: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable]:
    """Returns `project(points, centres)` and, gathered from it, the product with the own class.

    Args:
        points: `[batch, d]` float.
        centres: `[d, classes]` float; only the direction of each column counts.
        labels: `[batch]` int, the class of each point.

    Returns:
        `[batch, classes]` and `[batch]`.
    """
    inverse = _inverse_lengths(centres)
    products = tf.matmul(points, centres) * inverse
    entries = target_entries(labels)

    def gradient(upstream: tf.Tensor, target_upstream: tf.Tensor) -> tuple:
        upstream = tf.tensor_scatter_nd_add(upstream, entries, target_upstream)
        scaled = upstream * inverse
        radial = inverse * tf.reduce_sum(scaled * products, axis=0, keepdims=True)
        return (
            tf.matmul(scaled, centres, transpose_b=True),
            tf.matmul(points, scaled, transpose_a=True) - centres * radial,
            None,
        )

    return (products, tf.gather_nd(products, entries)), gradient


def add_to_target(products: tf.Tensor, labels: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """Returns `products` `[batch, classes]` with `change` `[batch]` added at each row's label."""
    return tf.tensor_scatter_nd_add(products, target_entries(labels), change)


def target_entries(labels: tf.Tensor) -> tf.Tensor:
    """Returns `[batch, 2]`: the row and column of each point's own class."""
    return tf.stack([tf.range(tf.shape(labels)[0], dtype=labels.dtype), labels], axis=1)


def _inverse_lengths(centres: tf.Tensor) -> tf.Tensor:
    """Returns `[1, classes]`: one over the length of each column, finite for a zero column."""
    squared = tf.reduce_sum(tf.square(centres), axis=0, keepdims=True)
    return tf.math.rsqrt(tf.maximum(squared, 1e-12))
