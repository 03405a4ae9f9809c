"""Embeds batches of images."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from facerec_tf.evaluation import fuse_flip


def embed(
    encode: Callable[[Any], Any], batches: Iterable[Any], flip_fusion: bool = False
) -> np.ndarray:
    """Embeds every image of `batches`.

    Args:
        encode: Function from images `[batch, h, w, 3]` to embeddings `[batch, d]`.
        batches: Image batches, pixels 0–255.
        flip_fusion: Whether to add the embedding of the mirrored image.

    Returns:
        float32 embeddings `[n, d]`, in order; of unit length if fused.
    """
    rows = []
    for images in batches:
        embeddings = np.asarray(encode(images))
        if flip_fusion:
            embeddings = fuse_flip(embeddings, np.asarray(encode(images[:, :, ::-1])))
        rows.append(embeddings)
    return np.concatenate(rows).astype(np.float32)
