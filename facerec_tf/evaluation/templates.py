"""Templates: one embedding for several images, such as the frames of a video."""

from __future__ import annotations

import numpy as np

from facerec_tf.core.errors import require
from facerec_tf.evaluation.unit_length import unit_length


def template_embeddings(embeddings: np.ndarray, templates: np.ndarray) -> np.ndarray:
    """Computes the embedding of every template: the mean of its images' unit embeddings.

    Every image has the same weight, as is usual for YouTube Faces. A template of
    one image has the embedding of that image, unchanged.

    Args:
        embeddings: float `[images, dim]`, of any length; a zero embedding counts as zero.
        templates: int `[images]`, the template of each image, numbered from 0 without a gap.

    Returns:
        `[templates, dim]` in the dtype of `embeddings`, of any length.

    Raises:
        ArgumentError: If shapes do not match, or a template has no images.
    """
    embeddings, templates = np.asarray(embeddings), np.asarray(templates)
    require(embeddings.ndim == 2, "embeddings", "of shape [images, dim]", embeddings.shape)
    shape = embeddings.shape[:1]
    require(templates.shape == shape, "templates", f"of shape {shape}", templates.shape)
    numbers, counts = np.unique(templates, return_counts=True)
    is_whole = np.array_equal(numbers, np.arange(len(numbers)))
    require(is_whole, "templates", "numbered from 0 without a gap", numbers.tolist()[:10])
    order = np.argsort(templates, kind="stable")
    means = np.empty((len(numbers), embeddings.shape[1]), embeddings.dtype)
    for template, rows in enumerate(np.split(order, np.cumsum(counts)[:-1])):
        own = embeddings[rows]
        means[template] = own[0] if len(own) == 1 else unit_length(own).mean(axis=0)
    return means
