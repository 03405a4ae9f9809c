"""Centres of identities made from embeddings alone, robust to wrong labels; angles in radians.

`label_noise` asks a head with several centres an identity where its images should lie; here any
recognizer will do, and the centre is where most of an identity's own images are.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.core.errors import require
from facerec_tf.evaluation.label_noise import nearest_other

#: Rounds in which a centre moves to the nearer half of its images.
_ROUNDS = 5

#: Products held at once when nearest centres are sought: 128 MB.
_PRODUCTS = 1 << 25


@dataclasses.dataclass(frozen=True)
class IdentityCentres:
    """Where identities lie, and how far from there their images do.

    Attributes:
        directions: float32 `[identities, dim]`, of unit length; zero without an image near it.
        angles: float32 `[n]`: between each image and the mean of the others of its identity that
            are near the centre; NaN for the only image of an identity.
        halves: float32 `[identities]`: between the means of two halves of the images near the
            centre; NaN where there is but one.
    """

    directions: np.ndarray
    angles: np.ndarray
    halves: np.ndarray


def identity_centres(
    embeddings: np.ndarray, labels: np.ndarray, num_identities: int, limit: float
) -> IdentityCentres:
    """Finds the centre of every identity, and how far from it its images lie.

    A centre begins as the mean direction of the images and moves, a few times, to that of the half
    nearest to it, so that it comes to lie among the majority (the concentration steps of
    Rousseeuw and van Driessen, Technometrics 1999). The images within `limit` of it then make the
    final one. An image does not count in the mean that it is measured against: of two or three
    images, it would draw the mean to itself. Two images that disagree are as far from each other,
    both: it is unknown which of them is wrong.

    Args:
        embeddings: float `[n, dim]`, of any length; read an identity at a time, so that it may lie
            on a disk. A zero vector is at 90° to all others.
        labels: int `[n]`, the identities.
        num_identities: How many there are.
        limit: Angle to the centre up to which an image counts as its identity's.
    """
    labels = np.asarray(labels)
    require(embeddings.ndim == 2, "embeddings", "of shape [n, dim]", embeddings.shape)
    fits = labels.shape == embeddings.shape[:1]
    require(fits, "labels", f"of shape {embeddings.shape[:1]}, as embeddings", labels.shape)
    directions = np.zeros((num_identities, embeddings.shape[1]), np.float32)
    angles = np.full(len(labels), np.nan, np.float32)
    halves = np.full(num_identities, np.nan, np.float32)
    order = np.argsort(labels, kind="stable")
    ends = np.cumsum(np.bincount(labels, minlength=num_identities))
    for label, images in enumerate(np.split(order, ends[:-1])):
        if not len(images):
            continue
        points = _unit(np.asarray(embeddings[images], np.float32))
        near = points @ _majority_direction(points) >= np.cos(limit)
        if len(images) == 1:
            directions[label] = points[0]
            continue
        own = points * near[:, None]
        total = own.sum(axis=0)
        directions[label] = _unit(total)
        angles[images] = _angle(points, _unit(total - own))
        if near.sum() > 1:
            first, second = own[near][::2].sum(axis=0), own[near][1::2].sum(axis=0)
            halves[label] = _angle(_unit(first), _unit(second))
    return IdentityCentres(directions, angles, halves)


def nearest_identities(
    embeddings: np.ndarray, labels: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns which other identity's centre is nearest to each embedding, and how near.

    Args:
        embeddings: float `[n, dim]`, of any length; read some at a time.
        labels: int `[n]`, the identities that are not to be found.
        directions: float32 `[identities, dim]`, from `identity_centres`; zeros are not found.

    Returns:
        int64 `[n]`, the identities, and float32 `[n]`, the angles; π where there is no other.
    """
    known = np.flatnonzero(directions.any(axis=1))
    identities = np.zeros(len(labels), np.int64)
    angles = np.full(len(labels), np.pi, np.float32)
    step = max(1, _PRODUCTS // max(1, len(known)))
    for first in range(0, len(labels) if len(known) else 0, step):
        part = slice(first, first + step)
        identities[part], angles[part] = nearest_other(
            embeddings[part], labels[part], directions[known], known
        )
    return identities, angles


def same_person_angle(halves: np.ndarray, nearest: np.ndarray) -> float | None:
    """Returns the angle below which two centres are considered one person's, or None.

    It is midway between how far halves of one identity lie apart and how far an identity lies from
    the nearest other, in the median of both: a fixed one would not suit recognizers that see people
    more or less far apart, nor identities of few and of many images.

    Args:
        halves: float `[identities]`, from `identity_centres`; NaN does not count.
        nearest: float `[identities]`, from `nearest_identities` of the centres themselves.

    Returns:
        The angle; None where no identity has halves.
    """
    if np.isnan(halves).all():
        return None
    return float(np.nanmedian(halves) + np.median(nearest)) / 2


def _majority_direction(points: np.ndarray) -> np.ndarray:
    """Returns the direction `[dim]` of the half of the unit `points` that lie closest together."""
    majority = len(points) // 2 + 1
    direction = _unit(points.sum(axis=0))
    for _ in range(_ROUNDS if majority < len(points) else 0):
        nearest = np.argpartition(-(points @ direction), majority - 1)[:majority]
        direction = _unit(points[nearest].sum(axis=0))
    return direction


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns the angles `[…]` between unit vectors `a` and `b`, both `[…, dim]`."""
    return np.arccos(np.clip((a * b).sum(axis=-1), -1.0, 1.0))


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Returns `vectors` `[…, dim]` at unit length; rounding errors become zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.where(norms > 1e-6, vectors / np.where(norms > 1e-6, norms, 1.0), 0.0)
