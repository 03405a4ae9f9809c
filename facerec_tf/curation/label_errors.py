"""Images and identities that are probably labelled wrongly, found by their embeddings."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.embedded_records import EmbeddedRecords
from facerec_tf.evaluation.identity_centres import (
    identity_centres,
    nearest_identities,
    same_person_angle,
)


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
    """

    degrees: np.ndarray
    flagged: np.ndarray
    nearest: np.ndarray
    nearest_degrees: np.ndarray
    images: np.ndarray
    other: np.ndarray
    other_degrees: np.ndarray
    same_degrees: float

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
    )
