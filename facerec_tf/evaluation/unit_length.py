"""Vectors scaled to unit length."""

from __future__ import annotations

import numpy as np


def unit_length(vectors: np.ndarray) -> np.ndarray:
    """Returns vectors along the last axis at unit length, in float64.

    A zero vector stays zero; one with an infinite or NaN entry gets NaN entries.

    Args:
        vectors: float `[..., dim]`.
    """
    vectors = np.asarray(vectors, np.float64)
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):  # Infinity over infinity.
        return vectors / np.where(norms == 0, 1.0, norms)
