"""Centres of identities, computed from embeddings and robust to wrong labels; angles in radians.

Unlike `label_noise`, which uses the centres of a head with several centres per identity, this works
with any recognizer: the centre is the direction of the majority of an identity's images.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.core.errors import require
from facerec_tf.evaluation.label_noise import nearest_other
from facerec_tf.evaluation.unit_length import unit_length

#: Rounds in which a centre is moved to the mean of the nearer half of its images.
_ROUNDS = 5

#: Products computed at once in the search for the nearest centres: 128 MB.
_PRODUCTS = 1 << 25

#: Sums of unit vectors that are not longer than this are rounding errors, and become zero.
_ROUNDING = 1e-6


@dataclasses.dataclass(frozen=True)
class IdentityCentres:
    """Centres of identities, and the angles of their images to them.

    Attributes:
        directions: float32 `[identities, dim]`, of unit length; zero if no image is near it.
        angles: float32 `[n]`: between each image and the mean of the other images of its identity
            that are near the centre; NaN for the only image of an identity.
        halves: float32 `[identities]`: between the means of two halves of the images near the
            centre; NaN if there is only one such image.
    """

    directions: np.ndarray
    angles: np.ndarray
    halves: np.ndarray


def identity_centres(
    embeddings: np.ndarray, labels: np.ndarray, num_identities: int, limit: float
) -> IdentityCentres:
    """Computes the centre of every identity, and the angles of its images to it.

    A centre starts as the mean direction of the images and is moved, a few times, to the mean of
    the half nearest to it, which leads it to the majority (the concentration steps of Rousseeuw and
    van Driessen, Technometrics 1999). The final centre is the mean of the images within `limit`
    of it. An image is compared with the mean of the other images only: among two or three images it
    would pull the mean towards itself. Two images that disagree have the same angle, because it is
    unknown which of them is wrong.

    Args:
        embeddings: float `[n, dim]`, of any length; may be a memory-mapped file, because one
            identity is read at a time. A zero vector is at 90° to all others.
        labels: int `[n]`, the identities.
        num_identities: Number of identities.
        limit: Largest angle to the centre of an image that contributes to it.

    Raises:
        ArgumentError: If shapes do not fit.
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
        points = unit_length(np.asarray(embeddings[images], np.float32), _ROUNDING)
        near = points @ _majority_direction(points) >= np.cos(limit)
        if len(images) == 1:
            directions[label] = points[0]
            continue
        own = points * near[:, None]
        total = own.sum(axis=0)
        directions[label] = unit_length(total, _ROUNDING)
        angles[images] = _angle(points, unit_length(total - own, _ROUNDING))
        if near.sum() > 1:
            first, second = own[near][::2].sum(axis=0), own[near][1::2].sum(axis=0)
            halves[label] = _angle(unit_length(first, _ROUNDING), unit_length(second, _ROUNDING))
    return IdentityCentres(directions, angles, halves)


def nearest_identities(
    embeddings: np.ndarray, labels: np.ndarray, directions: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the other identity whose centre is nearest to each embedding.

    Args:
        embeddings: float `[n, dim]`, of any length; read a part at a time.
        labels: int `[n]`, the own identities, which are excluded.
        directions: float32 `[identities, dim]`, from `identity_centres`; zeros are excluded.

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
    """Estimates the angle below which two centres are considered one person.

    It is the mean of two medians: of the angle between two halves of an identity, and of the angle
    between an identity and the nearest other. A fixed angle would not suit all recognizers, nor
    identities of few and of many images.

    Args:
        halves: float `[identities]`, from `identity_centres`; NaN is ignored.
        nearest: float `[identities]`, from `nearest_identities` of the centres themselves.

    Returns:
        The angle; None if all `halves` are NaN.
    """
    if np.isnan(halves).all():
        return None
    return float(np.nanmedian(halves) + np.median(nearest)) / 2


def _majority_direction(points: np.ndarray) -> np.ndarray:
    """Direction `[dim]` of the half of the unit `points` that is closest together."""
    majority = len(points) // 2 + 1
    direction = unit_length(points.sum(axis=0), _ROUNDING)
    for _ in range(_ROUNDS if majority < len(points) else 0):
        nearest = np.argpartition(-(points @ direction), majority - 1)[:majority]
        direction = unit_length(points[nearest].sum(axis=0), _ROUNDING)
    return direction


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Angles `[…]` between unit vectors `a` and `b`, both `[…, dim]`."""
    return np.arccos(np.clip((a * b).sum(axis=-1), -1.0, 1.0))
