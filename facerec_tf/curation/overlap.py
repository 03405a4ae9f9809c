"""People in both training and test data, found by name and by embedding."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.curation.identity_directions import identity_directions
from facerec_tf.curation.names import normalize_name
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.evaluation.identity_centres import nearest_identities
from facerec_tf.serving import Embedder

#: Default of the largest angle between the mean directions of two identities that are listed.
#: With InsightFace's MobileFaceNet y1 on LFW, two identities of one person, made of 1, 2 and 3
#: different images each, are within it in 81 %, 98 % and 100 % of all cases. About four of 4,038
#: people are within it of another person among 4,281; more comparisons find more by chance.
DEGREES = 55.0


#: Pairs whose angles are computed at once.
_AT_ONCE = 8192


class Overlap(NamedTuple):
    """Pairs of identities that may be one person, the most similar pairs first.

    Attributes:
        labels: int64 `[pairs, 2]`: the identity trained on, and the one tested on.
        degrees: float32 `[pairs]`: angle between their directions; NaN if not measured.
        by_name: bool `[pairs]`: whether they have the same name.
        by_embedding: bool `[pairs]`: whether the angle is small enough.
    """

    labels: np.ndarray
    degrees: np.ndarray
    by_name: np.ndarray
    by_embedding: np.ndarray


def find_overlap(
    data: RecordFolder,
    test: RecordFolder,
    *,
    embedder: Embedder | None = None,
    degrees: float = DEGREES,
    by_name: bool = True,
    images: int = 10,
) -> Overlap:
    """Finds the people of `data` that may be in `test`.

    Lists all identities with equal names, and for each identity of `data` the nearest of `test` if
    the angle is at most `degrees`. Needs memory for one direction per identity, and 128 MB.

    Args:
        data: Records to train on.
        test: Records or a pair set to test on.
        embedder: The model; None compares only names.
        degrees: Angle between mean directions up to which identities are listed.
        by_name: Whether to compare names, in the form of `names.normalize_name`.
        images: Largest number of images of an identity that are embedded.

    Raises:
        DataError: If records cannot be read, more than 1 % of the images are damaged, or embeddings
            are not finite.
    """
    named = _equal_names(data, test) if by_name else np.zeros((0, 2), np.int64)
    if embedder is None:
        nothing = np.full(len(named), np.nan, np.float32)
        names = np.array([data.manifest.classes[label].name for label in named[:, 0].tolist()])
        named = named[np.argsort(names, kind="stable")]
        return Overlap(named, nothing, np.ones(len(named), bool), np.zeros(len(named), bool))
    ours, theirs = (identity_directions(records, embedder, images) for records in (data, test))
    other, radians = nearest_identities(ours, np.full(len(ours), -1), theirs)
    near = np.flatnonzero(np.degrees(radians) <= degrees)
    labels = np.concatenate([named, np.stack([near, other[near]], axis=1)])
    labels, first = np.unique(labels, axis=0, return_index=True)
    angles = _degrees(ours, theirs, labels)
    order = np.argsort(angles, kind="stable")  # NaN last.
    labels, angles = labels[order], angles[order]
    return Overlap(labels, angles, first[order] < len(named), angles <= degrees)


def _equal_names(data: RecordFolder, test: RecordFolder) -> np.ndarray:
    """Pairs of identities that have the same name, int64 `[pairs, 2]`."""
    by_name: dict[str, list[int]] = {}
    for label, entry in enumerate(test.manifest.classes):
        by_name.setdefault(normalize_name(entry.name), []).append(label)
    pairs = [
        (label, other)
        for label, entry in enumerate(data.manifest.classes)
        for other in by_name.get(normalize_name(entry.name), ())
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def _degrees(ours: np.ndarray, theirs: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Angle between each pair of unit vectors, float32 `[pairs]`; NaN where one of them is zero."""
    found = np.empty(len(labels), np.float32)
    for first in range(0, len(labels), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        one, two = ours[labels[part, 0]], theirs[labels[part, 1]]
        cosines = np.clip(np.einsum("nd,nd->n", one, two), -1.0, 1.0)
        known = one.any(axis=1) & two.any(axis=1)
        found[part] = np.where(known, np.degrees(np.arccos(cosines)), np.nan)
    return found
