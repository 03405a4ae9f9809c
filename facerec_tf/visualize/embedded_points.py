"""Embeddings of one data set by several losses, the input of several figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import require


class EmbeddedPoints(NamedTuple):
    """Embeddings `[n, d]` and class centres `[classes, d]` of one loss."""

    name: str
    embeddings: np.ndarray
    centres: np.ndarray

    @property
    def directions(self) -> np.ndarray:
        """The embeddings, scaled to unit length."""
        return unit(self.embeddings)

    @property
    def centre_directions(self) -> np.ndarray:
        """The centres, scaled to unit length."""
        return unit(self.centres)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Returns the rows of `vectors` scaled to unit length; zeros are unchanged."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


def require_embedded(
    embeddings: Mapping[str, np.ndarray],
    labels: np.ndarray,
    centres: Mapping[str, np.ndarray],
    size: int | None = None,
) -> tuple[list[EmbeddedPoints], np.ndarray]:
    """Returns the embeddings and centres of each loss, and the labels, as validated arrays.

    Args:
        embeddings: Loss → `[n, d]`.
        labels: int `[n]`.
        centres: Loss → `[classes, d]`.
        size: Required dimension d. Default: any.

    Raises:
        ArgumentError: If a mapping is empty, names, shapes or dtypes do not match, or a value is
            not finite.
    """
    require(len(embeddings) > 0, "embeddings", "of at least one loss", embeddings)
    require(set(centres) == set(embeddings), "centres", f"of {sorted(embeddings)}", sorted(centres))
    labels = np.asarray(labels)
    is_labels = labels.ndim == 1 and labels.dtype.kind in "iu" and labels.size > 0
    require(is_labels, "labels", "int [n]", f"{labels.dtype} {labels.shape}")
    embedded = []
    for name, vectors in embeddings.items():
        vectors, own = np.asarray(vectors, np.float64), np.asarray(centres[name], np.float64)
        width = vectors.shape[-1] if size is None and vectors.ndim == 2 else size
        fits = vectors.shape == (len(labels), width)
        expected = f"of shape ({len(labels)}, {'d' if size is None else size})"
        require(fits, "embeddings", expected, f"{name!r} of shape {vectors.shape}")
        fits = own.ndim == 2 and own.shape[1] == width
        require(fits, "centres", f"of shape (classes, {width})", f"{name!r} of shape {own.shape}")
        within = labels.min() >= 0 and labels.max() < len(own)
        require(within, "labels", f"within [0, {len(own)})", f"{labels.min()} to {labels.max()}")
        for argument, values in (("embeddings", vectors), ("centres", own)):
            require(bool(np.isfinite(values).all()), argument, "finite", f"{name!r}")
        embedded.append(EmbeddedPoints(name, vectors, own))
    return embedded, labels
