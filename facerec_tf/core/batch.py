"""Checks of the inputs of heads and losses: embeddings and their labels."""

from __future__ import annotations

import tensorflow as tf

from facerec_tf.core.errors import require


def require_matrix(shape: tuple) -> None:
    """Raises `ArgumentError` unless `shape` is `[batch, embedding_size]` with a known size."""
    known = len(shape) == 2 and shape[-1] is not None
    require(known, "embeddings", "of shape [batch, embedding_size]", shape)


def require_batch(
    embeddings: tf.Tensor, labels: tf.Tensor | None, num_classes: int | None = None
) -> None:
    """Raises `ArgumentError` unless embeddings are a matrix and labels match its rows.

    Args:
        embeddings: Expected to be `[batch, embedding_size]`.
        labels: Expected to be integers `[batch]`; None is not checked.
        num_classes: If given, eager labels must be in `[0, num_classes)`.
    """
    shape = tuple(embeddings.shape)
    require_matrix(shape)
    if labels is None:
        return
    require(len(labels.shape) == 1, "labels", "of shape [batch]", tuple(labels.shape))
    require(labels.dtype.is_integer, "labels", "integers", labels.dtype.name)
    rows, count = shape[0], labels.shape[0]
    fits = None in (rows, count) or rows == count
    require(fits, "labels", f"of shape [{rows}], one per embedding", tuple(labels.shape))
    if num_classes is not None and tf.executing_eagerly():
        values = labels.numpy().astype("int64")  # uint8 cannot represent a num_classes of 1,000.
        outside = values[(values < 0) | (values >= num_classes)]
        require(not outside.size, "labels", f"in [0, {num_classes})", outside.tolist())
