"""Scores of image pairs: cosine similarity of embeddings, higher is more similar."""

from __future__ import annotations

import numpy as np

from facerec_tf.core.errors import NotFiniteError, require
from facerec_tf.evaluation.unit_length import unit_length

#: Pairs scored at a time; bounds the memory that gathering their embeddings takes.
CHUNK = 65536


def pair_scores(embeddings: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Computes the cosine similarity of each pair of embeddings.

    Args:
        embeddings: float `[n, dim]`, of any length; a zero embedding scores 0 with all others.
        first: int `[pairs]`, rows of `embeddings`.
        second: int `[pairs]`, rows of `embeddings`.

    Returns:
        float64 `[pairs]` in [-1, 1].

    Raises:
        ArgumentError: If shapes do not match or an index is out of range.
        NotFiniteError: If embeddings are not finite.
    """
    embeddings = _require_finite(np.asarray(embeddings))
    first = _require_rows("first", first, len(embeddings))
    second = _require_rows("second", second, len(embeddings))
    require(len(first) == len(second), "second", f"as long as 'first' ({len(first)})", len(second))
    unit = unit_length(embeddings)
    scores = np.empty(len(first))
    for start in range(0, len(first), CHUNK):
        part = slice(start, start + CHUNK)
        scores[part] = np.einsum("pd,pd->p", unit[first[part]], unit[second[part]])
    return np.clip(scores, -1.0, 1.0)


def fuse_flip(embeddings: np.ndarray, mirrored: np.ndarray) -> np.ndarray:
    """Computes f(image) + f(mirror) at unit length, the usual test-time fusion.

    The embeddings are added before normalisation, so that the longer one has more weight.

    Args:
        embeddings: float `[n, dim]`, embeddings of the images.
        mirrored: float `[n, dim]`, embeddings of their mirror images.

    Returns:
        `[n, dim]` in the dtype of `embeddings`; a sum of zero stays zero.

    Raises:
        ArgumentError: If the shapes differ.
        NotFiniteError: If embeddings are not finite.
    """
    embeddings, mirrored = np.asarray(embeddings), np.asarray(mirrored)
    require(
        embeddings.shape == mirrored.shape,
        "mirrored",
        f"of the shape of 'embeddings' {embeddings.shape}",
        mirrored.shape,
    )
    _require_finite(embeddings)
    _require_finite(mirrored)
    return unit_length(embeddings.astype(np.float64) + mirrored).astype(embeddings.dtype)


def _require_finite(embeddings: np.ndarray) -> np.ndarray:
    require(embeddings.ndim == 2, "embeddings", "of shape [n, dim]", embeddings.shape)
    is_float = np.issubdtype(embeddings.dtype, np.floating)
    require(is_float, "embeddings", "floating point", embeddings.dtype)
    damaged = np.flatnonzero(~np.isfinite(embeddings).all(axis=1))
    if damaged.size:
        raise NotFiniteError(
            f"{damaged.size} of {len(embeddings)} embeddings are not finite, "
            f"the first in row {damaged[0]}: the model that made them has diverged or is damaged."
        )
    return embeddings


def _require_rows(name: str, rows: np.ndarray, count: int) -> np.ndarray:
    rows = np.asarray(rows)
    is_index = rows.ndim == 1 and np.issubdtype(rows.dtype, np.integer)
    require(is_index, name, "integers of shape [pairs]", f"{rows.dtype} {rows.shape}")
    outside = rows[(rows < 0) | (rows >= count)]
    require(outside.size == 0, name, f"rows of {count} embeddings", outside[:1].tolist())
    return rows
