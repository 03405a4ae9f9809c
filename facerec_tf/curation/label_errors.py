"""Images and identities that are probably labelled wrongly, found by their embeddings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.embedded_records import EmbeddedRecords
from facerec_tf.curation.separation import random_others, separation
from facerec_tf.evaluation import unit_length
from facerec_tf.evaluation.identity_centres import (
    identity_centres,
    nearest_identities,
    same_person_angle,
)

#: Images whose angles to other identities are computed at once.
_AT_ONCE = 8192


class LabelErrors(NamedTuple):
    """Suspected label errors; angles in degrees.

    Attributes:
        degrees: float32 `[n]`: angle between every image and the other images of its identity; NaN
            if there are none.
        flagged: int64 `[m]`: images too far from their identity, the farthest first.
        nearest: int64 `[m]`: the other identity nearest to each flagged image.
        nearest_degrees: float32 `[m]`: the angle between them.
        images: int64 `[identities]`: number of embedded images of each identity.
        other: int64 `[identities]`: the other identity nearest to each.
        other_degrees: float32 `[identities]`: the angle between them; 180 where there is no other,
            or the identity's own images are not similar.
        same_degrees: Angle below which two identities are considered one person.
        separation: How well the angles to an image's identity are separated from those to a random
            other; see `curation.separation`.
    """

    degrees: np.ndarray
    flagged: np.ndarray
    nearest: np.ndarray
    nearest_degrees: np.ndarray
    images: np.ndarray
    other: np.ndarray
    other_degrees: np.ndarray
    same_degrees: float
    separation: float

    def pairs(self) -> np.ndarray:
        """Pairs of identities that are probably one person, int64 `[pairs, 2]`, nearest first.

        Each identity is paired only with the nearest one: of a person under three names, two are
        paired with the third.
        """
        near = np.flatnonzero(self.other_degrees < self.same_degrees)
        near = near[np.argsort(self.other_degrees[near], kind="stable")]
        pairs = np.sort(np.stack([near, self.other[near]], axis=1), axis=1)
        _, first = np.unique(pairs, axis=0, return_index=True)
        return pairs[np.sort(first)]

    def central(self, embedded: EmbeddedRecords, label: int, count: int) -> np.ndarray:
        """The images of an identity that are nearest to the others, int64, at most `count`."""
        own = np.flatnonzero(embedded.labels == label)
        return own[np.argsort(self.degrees[own], kind="stable")][:count]


def detect_label_errors(
    embedded: EmbeddedRecords, num_identities: int, degrees: float, same_degrees: float | None
) -> LabelErrors:
    """Compares images with their identity, and identities with each other.

    Args:
        embedded: All images.
        num_identities: Number of identities in the records.
        degrees: Angle past which an image is flagged.
        same_degrees: Angle below which two identities are considered one person; None estimates it
            by `same_person_angle`.

    Raises:
        DataError: If the angle cannot be estimated because no identity has two similar images.
    """
    labels = embedded.labels
    centres = identity_centres(embedded.points, labels, num_identities, np.radians(degrees))
    angles = np.degrees(centres.angles)
    far = np.flatnonzero(angles > degrees)  # False where it is NaN.
    far = far[np.argsort(-angles[far], kind="stable")]
    nearest, near = nearest_identities(embedded.points[far], labels[far], centres.directions)
    other, apart = nearest_identities(
        centres.directions, np.arange(num_identities), centres.directions
    )
    known = centres.directions.any(axis=1)
    apart = np.where(known, apart, np.pi)
    if same_degrees is None:
        found = same_person_angle(centres.halves, apart[known])
        if found is None:
            raise DataError(
                "No identity has two images that are similar, so the angle between images of one "
                "person cannot be estimated: give --same_degrees."
            )
        same_degrees = float(np.degrees(found))
    return LabelErrors(
        angles,
        far,
        nearest,
        np.degrees(near),
        np.bincount(labels, minlength=num_identities),
        other,
        np.degrees(apart).astype(np.float32),
        same_degrees,
        separation(angles[~np.isnan(angles)], _angles_to_others(embedded, centres.directions)),
    )


def _angles_to_others(embedded: EmbeddedRecords, directions: np.ndarray) -> np.ndarray:
    """Angles in degrees between every image and a random other identity, float32 `[n]`."""
    if len(directions) < 2:
        return np.zeros(0, np.float32)
    others = random_others(embedded.labels, len(directions), np.random.default_rng(0))
    angles = np.empty(len(others), np.float32)
    for first in range(0, len(others), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        points = unit_length(np.asarray(embedded.points[part], np.float32))
        cosines = np.einsum("nd,nd->n", points, directions[others[part]])
        angles[part] = np.degrees(np.arccos(np.clip(cosines, -1.0, 1.0)))
    return angles
