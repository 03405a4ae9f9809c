"""Inner products with the directions of class centres, without storing unit-length centres.

At 100,000 identities the centres are the largest tensor of a head (512 × 10⁵ floats), and the
passes over them determine its speed. The products are therefore divided by the lengths of the
columns, instead of the centres, and the gradient is written explicitly: three matrix products, and
one pass over the centres in each direction. XLA fuses the operations between the matrix products;
the products themselves use TensorFlow's kernels, which are faster on CPUs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from facerec_tf.core.angles import clip_cosine
from facerec_tf.core.fused import fused

#: From cosines `[batch, classes]`, the own target `[batch, 1]`, and scalars, to the values that
#: replace the cosines.
Rule = Callable[..., tf.Tensor]

_BLOCKS = 8


@tf.custom_gradient
def project(points: tf.Tensor, centres: tf.Tensor) -> tuple[tf.Tensor, Callable]:
    """Returns the inner products of points with the directions of the centres.

    Args:
        points: `[batch, d]` float.
        centres: `[d, classes]` float; only the direction of each column matters.

    Returns:
        `[batch, classes]`, the lengths of the points times the cosines.
    """
    inverse = _inverse_lengths(centres)
    products = tf.matmul(points, centres) * inverse

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return _pull(upstream * inverse, points, centres, products, inverse)

    return products, gradient


@tf.custom_gradient
def project_with_target(
    points: tf.Tensor, centres: tf.Tensor, labels: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor], Callable]:
    """Returns `project(points, centres)` and its column of the own class.

    Args:
        points: `[batch, d]` float.
        centres: `[d, classes]` float; only the direction of each column matters.
        labels: `[batch]` int32 or int64, the class of each point.

    Returns:
        `[batch, classes]` and `[batch]`.
    """
    inverse = _inverse_lengths(centres)
    products = tf.matmul(points, centres) * inverse

    def gradient(upstream: tf.Tensor, target_upstream: tf.Tensor) -> tuple:
        scaled = _add_and_scale(upstream, labels, target_upstream, inverse)
        return *_pull(scaled, points, centres, products, inverse), None

    return (products, at_labels(products, labels)), gradient


@tf.custom_gradient
def multiply_with_target(
    points: tf.Tensor, centres: tf.Tensor, labels: tf.Tensor
) -> tuple[tuple[tf.Tensor, tf.Tensor, tf.Tensor], Callable]:
    """Returns products with the unnormalised centres, the own column, and the own lengths.

    Args:
        points: `[batch, d]` float.
        centres: `[d, classes]` float.
        labels: `[batch]` int32 or int64, the class of each point.

    Returns:
        `[batch, classes]`, `[batch]` and `[batch]`.
    """
    products = tf.matmul(points, centres)
    lengths = tf.maximum(tf.norm(tf.gather(centres, labels, axis=1), axis=0), 1e-6)

    def gradient(upstream: tf.Tensor, on_target: tf.Tensor, on_lengths: tf.Tensor) -> tuple:
        one = tf.ones([], products.dtype)
        both = _add_and_scale(upstream, labels, on_target, one)
        pull = tf.matmul(points, both, transpose_a=True)
        # The gradient on a length acts along its centre.
        shares = tf.math.unsorted_segment_sum(-on_lengths / lengths, labels, tf.shape(centres)[1])
        on_centres = _remove_radial(pull, centres, shares[tf.newaxis, :], one)
        return tf.matmul(both, centres, transpose_b=True), on_centres, None

    return (products, at_labels(products, labels), lengths), gradient


@tf.custom_gradient
def add_to_target(
    products: tf.Tensor, labels: tf.Tensor, change: tf.Tensor
) -> tuple[tf.Tensor, Callable]:
    """Returns `products` `[batch, classes]` with `change` `[batch]` added at each row's label."""

    def gradient(upstream: tf.Tensor) -> tuple:
        return upstream, None, at_labels(upstream, labels)

    return _add_and_scale(products, labels, change, tf.ones([], products.dtype)), gradient


def bend(
    products: tf.Tensor,
    labels: tf.Tensor,
    target: tf.Tensor,
    scale: float,
    *,
    rule: Rule,
    parameters: Sequence[float | tf.Tensor],
    straight: bool,
) -> tf.Tensor:
    """Returns the rule's result for the products, with `target` at each row's label.

    Args:
        products: `[batch, classes]` float, `scale` times the cosines.
        labels: `[batch]` int32 or int64.
        target: `[batch]` float, the logits of the own classes.
        scale: Scale of products and targets.
        rule: A function at module or class level; it is compiled once.
        parameters: The rule's scalars; they have no gradient.
        straight: Whether gradients pass straight through, as if the rule did nothing. Otherwise
            products and targets have the rule's own gradients.
    """
    scalars = [tf.convert_to_tensor(value, products.dtype) for value in (scale, *parameters)]

    @tf.custom_gradient
    def bent(products: tf.Tensor, target: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            at_own = at_labels(upstream, labels)
            if straight:
                return _others(upstream, labels), at_own
            on_products, *on_target = _unbend(upstream, products, labels, target, rule, scalars)
            return on_products, sum(on_target, at_own)

        return _bend(products, labels, target, rule, scalars), gradient

    return bent(products, target)


def nearest(products: tf.Tensor, count: int) -> tf.Tensor:
    """Returns the highest of each class's `count` products.

    Args:
        products: `[batch, count · classes]`: all first centres, all second ones, and so on.
        count: Number of centres per class.

    Returns:
        `[batch, classes]`; among equal ones the first gets the gradient.
    """

    @tf.custom_gradient
    def pooled(products: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        parts = tf.split(products, count, axis=1)
        return _highest(parts), lambda upstream: _to_nearest(upstream, parts)

    return pooled(products)


def at_labels(products: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the entry of each row at its label, `[batch]`."""
    return tf.gather(products, labels, axis=1, batch_dims=1)


def _pull(
    scaled: tf.Tensor,
    points: tf.Tensor,
    centres: tf.Tensor,
    products: tf.Tensor,
    inverse: tf.Tensor,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the gradients on points and centres from that on the products, over the lengths."""
    points_gradient = tf.matmul(scaled, centres, transpose_b=True)
    pull = tf.matmul(points, scaled, transpose_a=True)
    along = _sum_of_products(scaled, products)
    return points_gradient, _remove_radial(pull, centres, along, inverse)


@fused
def _bend(
    products: tf.Tensor,
    labels: tf.Tensor,
    target: tf.Tensor,
    rule: Rule,
    scalars: Sequence[tf.Tensor],
) -> tf.Tensor:
    bent = _apply(rule, products, target, scalars)
    return tf.where(own_class(products, labels), target[:, tf.newaxis], bent)


@fused
def _unbend(
    upstream: tf.Tensor,
    products: tf.Tensor,
    labels: tf.Tensor,
    target: tf.Tensor,
    rule: Rule,
    scalars: Sequence[tf.Tensor],
) -> list[tf.Tensor]:
    """Returns the rule's gradients: on the products, zero at the labels, and on the targets.

    The latter is left out where the rule is constant in the target, or only compares with it.
    """
    with tf.GradientTape() as tape:
        tape.watch([products, target])
        bent = _apply(rule, products, target, scalars)
    slopes = tape.gradient(bent, [products, target], _others(upstream, labels))
    return [slope for slope in slopes if slope is not None]


@fused
def _others(upstream: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns `upstream` with zero at each row's label."""
    return tf.where(own_class(upstream, labels), tf.zeros([], upstream.dtype), upstream)


def _apply(
    rule: Rule, products: tf.Tensor, target: tf.Tensor, scalars: Sequence[tf.Tensor]
) -> tf.Tensor:
    scale, *parameters = scalars
    cosine = clip_cosine(products / scale)
    return scale * rule(cosine, target[:, tf.newaxis] / scale, *parameters)


def own_class(products: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Returns the bool mask of own classes, shaped like `products`; XLA does not store it."""
    return tf.range(tf.shape(products, labels.dtype)[1], dtype=labels.dtype) == labels[:, None]


@fused
def _highest(parts: Sequence[tf.Tensor]) -> tf.Tensor:
    return functools.reduce(tf.maximum, parts)


@fused
def _to_nearest(upstream: tf.Tensor, parts: Sequence[tf.Tensor]) -> tf.Tensor:
    highest, zero = functools.reduce(tf.maximum, parts), tf.zeros([], upstream.dtype)
    slopes, free = [], tf.ones_like(highest, tf.bool)
    for part in parts:
        first = free & (part == highest)
        slopes.append(tf.where(first, upstream, zero))
        free &= ~first
    return tf.concat(slopes, axis=1)


@fused
def _add_and_scale(
    products: tf.Tensor, labels: tf.Tensor, change: tf.Tensor, factor: tf.Tensor
) -> tf.Tensor:
    """Returns `factor` times the sum of `products` and, at each row's label, `change`."""
    # A mask, because XLA fuses comparison and addition, which avoids a copy and a scatter.
    changed = products + change[:, tf.newaxis]
    return factor * tf.where(own_class(products, labels), changed, products)


def _inverse_lengths(centres: tf.Tensor) -> tf.Tensor:
    """Returns `[1, classes]`: one over the length of each column, finite for a zero column."""
    return tf.math.rsqrt(tf.maximum(_sum_of_products(centres, centres), 1e-12))


@fused
def _sum_of_products(a: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Returns Σ a·b over the rows of `[rows, classes]`, as `[1, classes]`."""
    # Adding blocks of rows follows the memory order; XLA's column sum takes three times as long.
    rows = tf.shape(a)[0] // _BLOCKS
    blocks = [slice(i * rows, (i + 1) * rows) for i in range(_BLOCKS)]
    whole = functools.reduce(tf.add, [a[block] * b[block] for block in blocks])
    rest = slice(_BLOCKS * rows, None)
    return sum(tf.reduce_sum(part, axis=0, keepdims=True) for part in (whole, a[rest] * b[rest]))


@fused
def _remove_radial(
    pull: tf.Tensor, centres: tf.Tensor, along: tf.Tensor, inverse: tf.Tensor
) -> tf.Tensor:
    """Returns `pull` `[d, classes]` without the part that only changes the centres' lengths."""
    return pull - centres * (along * inverse)
