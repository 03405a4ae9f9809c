"""The check of labels, for every head and loss: eager, in a graph, and compiled by XLA."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import tensorflow as tf

from facerec_tf.core.errors import ArgumentError, require

#: Labels of a loss that only compares them.
_INT32 = (-(2**31), 2**31)


class Labels(NamedTuple):
    """Checked labels.

    Attributes:
        values: int32 `[batch]`, with 0 in place of an invalid label.
        valid: bool `[batch]`; None if all are known to be valid.
    """

    values: tf.Tensor
    valid: tf.Tensor | None

    def mark(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns float `rows` `[batch, …]` with NaN in those of invalid labels."""
        if self.valid is None:
            return rows
        one, nan = (tf.constant(value, rows.dtype) for value in (1.0, math.nan))
        # A factor, so that the gradient is NaN, too.
        factor = tf.where(self.valid, one, nan)
        return rows * tf.reshape(factor, [-1] + [1] * (len(rows.shape) - 1))


def check_labels(labels: Any, num_classes: int | None = None, rows: int | None = None) -> Labels:
    """Checks that labels are whole numbers within the range of classes.

    Shape and dtype are always checked at once. Values are, too, if labels are known, as in eager
    execution. In a graph, an invalid value fails an assertion. XLA has no assertions: there
    `Labels.mark` turns the rows of invalid labels into NaN, and so the loss.

    Args:
        labels: Integers or whole floats, `[batch]` or `[batch, 1]`.
        num_classes: Labels must be in `[0, num_classes)`; None accepts every int32.
        rows: Expected number of labels; None if it is unknown.

    Raises:
        ArgumentError: If labels have the wrong shape or dtype, or known values are invalid.
    """
    labels = tf.convert_to_tensor(labels)
    numeric = labels.dtype.is_integer or labels.dtype.is_floating
    require(numeric, "labels", "sparse integer labels", labels.dtype.name)
    require_labels_shape(labels.shape, rows)
    low, high = (0, num_classes) if num_classes else _INT32
    return _in_range(_flat(labels), low, high)


def require_labels_shape(shape: Any, rows: int | None = None) -> None:
    """Raises `ArgumentError` unless `shape` is that of sparse labels.

    Args:
        shape: The shape of the labels; axes may be None.
        rows: Expected number of labels; None if it is unknown.
    """
    shape = tf.TensorShape(shape)
    if shape.rank is None:
        return
    if shape.rank not in (1, 2) or (shape.rank == 2 and shape[1] not in (1, None)):
        raise ArgumentError(
            "Argument 'labels' must be sparse integer labels of shape [batch] or [batch, 1]; "
            "tf.argmax(labels, axis=-1) converts one-hot labels. Received: labels of shape "
            f"{tuple(shape)}"
        )
    fits = None in (rows, shape[0]) or rows == shape[0]
    require(fits, "labels", f"of shape [{rows}], one per embedding", tuple(shape))


def check_sample_weight(sample_weight: Any, rows: int | None = None) -> tf.Tensor:
    """Returns the weights of the samples as a tensor `[batch]`.

    Args:
        sample_weight: Weights, `[batch]` or `[batch, 1]`.
        rows: Expected number of weights; None if it is unknown.

    Raises:
        ArgumentError: If the weights have another shape.
    """
    weights = tf.convert_to_tensor(sample_weight)
    shape = weights.shape
    if shape.rank is not None:
        fits = shape.rank == 1 or (shape.rank == 2 and shape[1] == 1)
        fits = fits and (None in (rows, shape[0]) or rows == shape[0])
        expected = f"of shape [{'batch' if rows is None else rows}], one weight per sample"
        require(fits, "sample_weight", expected, tuple(shape))
    return _flat(weights)


def _flat(column: tf.Tensor) -> tf.Tensor:
    """Returns `[batch]` of `[batch]` or `[batch, 1]`."""
    if column.shape.rank == 1:
        return column
    # Keras relaxes the rank of a traced shape, too. One-hot labels do not fit this shape.
    return tf.reshape(column, [tf.shape(column)[0]])


def _in_range(labels: tf.Tensor, low: int, high: int) -> Labels:
    # Wider than the labels' dtype, which may be unable to represent `high`; int64 wraps uint64.
    is_float = labels.dtype.is_floating or labels.dtype == tf.uint64
    wide = tf.cast(labels, tf.float64 if is_float else tf.int64)
    first, end = (tf.constant(bound, wide.dtype) for bound in (low, high))
    valid = (wide >= first) & (wide < end)
    if wide.dtype.is_floating:
        valid &= wide == tf.floor(wide)
    values = tf.cast(tf.where(valid, wide, tf.zeros([], wide.dtype)), tf.int32)
    rule = f"Argument 'labels' must be whole numbers in [{low}, {high})."
    least, most = tf.reduce_min(wide), tf.reduce_max(wide)
    if not tf.executing_eagerly():
        received = [f"{rule} Received: labels from", least, "to", most]
        tf.debugging.Assert(tf.reduce_all(valid), received)
        return Labels(values, valid)
    if not tf.reduce_all(valid):
        span = f"from {least.numpy():g} to {most.numpy():g}"
        raise ArgumentError(f"{rule} Received: labels {span}")
    return Labels(values, None)
