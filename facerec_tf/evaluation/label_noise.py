"""Wrong labels, found by the angles of images to several centres per class (Sub-center ArcFace).

Training moves most images of a class to one of its centres, the dominant one, and hard images and
those of other people to the other centres. Images far from the dominant centre are probably
labelled wrongly (Deng et al., ECCV 2020; `subcenter_arcface/drop.py` of InsightFace). Angles are in
radians.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.core.errors import require
from facerec_tf.evaluation.unit_length import unit_length


@dataclasses.dataclass(frozen=True)
class Dominance:
    """The dominant centres, and the angles of the images to them.

    Attributes:
        centre: int64 `[classes]`: index of the dominant centre of each class, 0 for a class without
            images.
        angles: float32 `[n]`: between each image and the dominant centre of its class.
    """

    centre: np.ndarray
    angles: np.ndarray


def centres_by_class(centres: np.ndarray, k: int) -> np.ndarray:
    """Arranges the centres of a head by class: float32 `[classes, k, dim]`, of unit length.

    Args:
        centres: `[dim, k·classes]`: the first centres of all classes, then all second ones.
        k: Number of centres per class.
    """
    centres = np.asarray(centres)
    fits = centres.ndim == 2 and k > 0 and centres.shape[1] % k == 0
    require(fits, "centres", f"of shape [dim, {k}·classes]", centres.shape)
    rows = centres.astype(np.float32).T.reshape(k, -1, len(centres))
    return unit_length(rows.transpose(1, 0, 2)).astype(np.float32)


def own_cosines(embeddings: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Cosines between embeddings and all centres of their own class.

    Args:
        embeddings: float `[n, dim]`, of any length; a zero vector is at 90° to all centres.
        labels: int `[n]`, the classes.
        centres: `[classes, k, dim]`, from `centres_by_class`.

    Returns:
        float32 `[n, k]` in [−1, 1].
    """
    points = unit_length(np.asarray(embeddings, np.float32)).astype(np.float32)
    return np.clip(np.einsum("nkd,nd->nk", centres[labels], points), -1.0, 1.0)


def dominance(cosines: np.ndarray, labels: np.ndarray, num_classes: int) -> Dominance:
    """Finds each class's dominant centre: the one nearest to most of its images.

    If several centres have equally many images, the first is dominant.

    Args:
        cosines: float `[n, k]`, from `own_cosines`.
        labels: int `[n]`, the classes.
        num_classes: Number of classes.
    """
    cosines, labels = np.asarray(cosines), np.asarray(labels)
    require(cosines.ndim == 2, "cosines", "of shape [n, k]", cosines.shape)
    fits = labels.shape == cosines.shape[:1]
    require(fits, "labels", f"of shape {cosines.shape[:1]}, as cosines", labels.shape)
    k = cosines.shape[1]
    places = labels.astype(np.int64) * k + cosines.argmax(axis=1)
    counts = np.bincount(places, minlength=num_classes * k).reshape(num_classes, k)
    centre = counts.argmax(axis=1)
    own = np.take_along_axis(cosines, centre[labels][:, None], axis=1)[:, 0]
    return Dominance(centre, np.arccos(own.astype(np.float32)))


def nearest_other(
    embeddings: np.ndarray, labels: np.ndarray, directions: np.ndarray, classes: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the other class whose direction is nearest to each embedding.

    Needs memory for `[n, candidates]` products: pass one batch of embeddings at a time.

    Args:
        embeddings: float `[n, dim]`, of any length.
        labels: int `[n]`, the own classes, which are excluded.
        directions: `[candidates, dim]`, of unit length.
        classes: int `[candidates]`, ascending: the class of each direction.

    Returns:
        int64 `[n]`, the classes, and float32 `[n]`, the angles; π where there is no other.
    """
    cosines = unit_length(np.asarray(embeddings, np.float32)).astype(np.float32) @ directions.T
    column = np.minimum(np.searchsorted(classes, labels), len(classes) - 1)
    own = np.flatnonzero(classes[column] == labels)
    cosines[own, column[own]] = -np.inf
    nearest = cosines.argmax(axis=1)
    highest = np.take_along_axis(cosines, nearest[:, None], axis=1)[:, 0]
    return classes[nearest], np.arccos(np.clip(highest, -1.0, 1.0))
