"""Checks of the inputs of heads and losses: embeddings and their labels."""

from __future__ import annotations

import tensorflow as tf

from facerec_tf.core.errors import require
from facerec_tf.core.labels import check_labels


def require_matrix(shape: tuple) -> None:
    """Raises `ArgumentError` unless `shape` is `[batch, embedding_size]` with a known size."""
    known = len(shape) == 2 and shape[-1] is not None
    require(known, "embeddings", "of shape [batch, embedding_size]", shape)


def check_batch(
    embeddings: tf.Tensor, labels: tf.Tensor, num_classes: int | None = None
) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns checked embeddings, and their labels as int32 `[batch]`.

    Args:
        embeddings: Expected to be `[batch, embedding_size]`.
        labels: Expected to be whole numbers, `[batch]` or `[batch, 1]`.
        num_classes: If given, labels must be in `[0, num_classes)`.

    Returns:
        Embeddings and labels. In a graph, the embeddings of invalid labels are NaN; see
        `core.labels.check_labels`.

    Raises:
        ArgumentError: If shapes or dtypes are wrong, or known labels are invalid.
    """
    shape = tuple(embeddings.shape)
    require_matrix(shape)
    checked = check_labels(labels, num_classes, rows=shape[0])
    return checked.mark(embeddings), checked.values
