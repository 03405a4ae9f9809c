"""Inner products with the directions of class centres, without ever storing unit-length centres.

At 100,000 identities the centres outweigh everything else a head touches (512 × 10⁵ floats), and
time goes by the passes over them. So the lengths of the columns divide the products instead of
the centres, and the gradient is written out: three matrix products, one pass over the centres
on the way forward and one on the way back. What lies between the matrix products is compiled by
XLA, which fuses it; the products themselves are not, since TensorFlow's own are faster on CPUs.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import tensorflow as tf

_fused = functools.partial(tf.function, jit_compile=True, autograph=False)


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

    def gradient(upstream: tf.Tensor, target_upstream: tf.Tensor) -> tuple:
        scaled, radial = _scale_gradient(upstream, target_upstream, labels, products, inverse)
        points_gradient = tf.matmul(scaled, centres, transpose_b=True)
        pull = tf.matmul(points, scaled, transpose_a=True)
        return points_gradient, _remove_radial(pull, centres, radial), None

    return (products, tf.gather(products, labels, axis=1, batch_dims=1)), gradient


def add_to_target(products: tf.Tensor, labels: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
    """Returns `products` `[batch, classes]` with `change` `[batch]` added at each row's label."""
    rows = tf.range(tf.size(labels, labels.dtype), dtype=labels.dtype)
    return tf.tensor_scatter_nd_add(products, tf.stack([rows, labels], axis=1), change)


@_fused
def _inverse_lengths(centres: tf.Tensor) -> tf.Tensor:
    """Returns `[1, classes]`: one over the length of each column, finite for a zero column."""
    # Strands are added along memory; walking down single columns is three times slower.
    strands = tf.split(centres, math.gcd(centres.shape[0], 16), axis=0)
    squares = functools.reduce(tf.add, map(tf.square, strands))
    return tf.math.rsqrt(tf.maximum(tf.reduce_sum(squares, axis=0, keepdims=True), 1e-12))


@_fused
def _scale_gradient(
    upstream: tf.Tensor,
    target_upstream: tf.Tensor,
    labels: tf.Tensor,
    products: tf.Tensor,
    inverse: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the gradient on the raw products, and `[1, classes]` its pull along each centre."""
    classes = tf.range(tf.shape(products, labels.dtype)[1], dtype=labels.dtype)
    own = classes == labels[:, None]  # fused with what follows, so never stored
    scaled = inverse * tf.where(own, upstream + target_upstream[:, None], upstream)
    return scaled, inverse * tf.reduce_sum(scaled * products, axis=0, keepdims=True)


@_fused
def _remove_radial(pull: tf.Tensor, centres: tf.Tensor, radial: tf.Tensor) -> tf.Tensor:
    """Returns the pull `[d, classes]` less what would only change the centres' lengths."""
    return pull - centres * radial
