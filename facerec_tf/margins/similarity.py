"""Inner products with the directions of class centres, without ever storing unit-length centres.

At 100,000 identities the centres outweigh everything else a head touches (512 × 10⁵ floats), and
time goes by the passes over them. So the lengths of the columns divide the products instead of
the centres, and the gradient is written out: three matrix products, one pass over the centres
on the way forward and one on the way back. What lies between the matrix products is compiled by
XLA, which fuses it; the products themselves are not, since TensorFlow's own are faster on CPUs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import tensorflow as tf

from facerec_tf.margins.fused import fused

_BLOCKS = 8


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
        labels: `[batch]` int32 or int64, the class of each point.

    Returns:
        `[batch, classes]` and `[batch]`.
    """
    inverse = _inverse_lengths(centres)
    products = tf.matmul(points, centres) * inverse

    def gradient(upstream: tf.Tensor, target_upstream: tf.Tensor) -> tuple:
        scaled = _add_and_scale(upstream, labels, target_upstream, inverse)
        points_gradient = tf.matmul(scaled, centres, transpose_b=True)
        pull = tf.matmul(points, scaled, transpose_a=True)
        along = _sum_of_products(scaled, products)
        return points_gradient, _remove_radial(pull, centres, along, inverse), None

    return (products, _at_labels(products, labels)), gradient


@tf.custom_gradient
def add_to_target(
    products: tf.Tensor, labels: tf.Tensor, change: tf.Tensor
) -> tuple[tf.Tensor, Callable]:
    """Returns `products` `[batch, classes]` with `change` `[batch]` added at each row's label."""

    def gradient(upstream: tf.Tensor) -> tuple:
        return upstream, None, _at_labels(upstream, labels)

    return _add_and_scale(products, labels, change, tf.ones([], products.dtype)), gradient


def _at_labels(products: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the entry of each row at its label, `[batch]`."""
    return tf.gather(products, labels, axis=1, batch_dims=1)


@fused
def _add_and_scale(
    products: tf.Tensor, labels: tf.Tensor, change: tf.Tensor, factor: tf.Tensor
) -> tf.Tensor:
    """Returns `factor` times the sum of `products` and, at each row's label, `change`."""
    classes = tf.range(tf.shape(products, labels.dtype)[1], dtype=labels.dtype)
    # The mask is never stored: XLA compares while it adds, which spares a copy and a scatter.
    own = classes == labels[:, tf.newaxis]
    return factor * tf.where(own, products + change[:, tf.newaxis], products)


def _inverse_lengths(centres: tf.Tensor) -> tf.Tensor:
    """Returns `[1, classes]`: one over the length of each column, finite for a zero column."""
    return tf.math.rsqrt(tf.maximum(_sum_of_products(centres, centres), 1e-12))


@fused
def _sum_of_products(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Returns Σ a·b over the rows of `[rows, classes]`, as `[1, classes]`."""
    # Adding blocks of rows follows the memory; XLA's own sum down each column is slower by three.
    rows = tf.shape(a)[0] // _BLOCKS
    blocks = [slice(i * rows, (i + 1) * rows) for i in range(_BLOCKS)]
    whole = functools.reduce(tf.add, [a[block] * b[block] for block in blocks])
    rest = slice(_BLOCKS * rows, None)
    return sum(tf.reduce_sum(part, axis=0, keepdims=True) for part in (whole, a[rest] * b[rest]))


@fused
def _remove_radial(
    pull: tf.Tensor, centres: tf.Tensor, along: tf.Tensor, inverse: tf.Tensor
) -> tf.Tensor:
    """Returns the pull `[d, classes]` less what would only change the centres' lengths."""
    return pull - centres * (along * inverse)
