"""Vectors scaled to unit length."""

from __future__ import annotations

import numpy as np


def unit_length(vectors: np.ndarray, zero_below: float = 0.0) -> np.ndarray:
    """Scales vectors along the last axis to unit length, in float64.

    A zero vector stays zero; one with an infinite or NaN entry gets NaN entries.

    Args:
        vectors: float `[..., dim]`.
        zero_below: Vectors of this length or less become zero. Sums of unit vectors that cancel
            leave rounding errors, whose direction is meaningless.
    """
    vectors = np.asarray(vectors, np.float64)
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):  # Infinity over infinity.
        return np.where(norms <= zero_below, 0.0, vectors / np.where(norms == 0, 1.0, norms))
