"""People in both training and test data, found by name, by embedding and by equal images."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.identity_directions import identity_directions
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data.image_hashes import compute_image_hashes, load_image_hashes
from facerec_tf.data.names import normalize_name
from facerec_tf.evaluation.identity_centres import nearest_identities
from facerec_tf.serving import Embedder

#: Default of the largest angle between the mean directions of two identities that are listed.
#: With InsightFace's MobileFaceNet y1 on LFW, two identities of one person, made of 1, 2 and 3
#: different images each, are within it in 81 %, 98 % and 100 % of all cases. About four of 4,038
#: people are within it of another person among 4,281; more comparisons find more by chance.
DEGREES = 55.0


#: Pairs whose angles are computed at once.
_AT_ONCE = 8192


#: Pairs of random identities whose median angle shows whether a recognizer separates people, and
#: the number of identities on each side from which on most of them are different people.
_RANDOM, _ENOUGH = 10_000, 4


class Overlap(NamedTuple):
    """Pairs of identities that may be one person.

    Pairs without equal images come first, the most similar first; then those with equal images.

    Attributes:
        labels: int64 `[pairs, 2]`: the identity trained on, and the one tested on.
        degrees: float32 `[pairs]`: angle between their directions; NaN if not measured.
        by_name: bool `[pairs]`: whether they have the same name.
        by_embedding: bool `[pairs]`: whether the angle is small enough.
        equal_images: int64 `[pairs]`: number of the tested identity's images whose bytes are those
            of an image of the other.
    """

    labels: np.ndarray
    degrees: np.ndarray
    by_name: np.ndarray
    by_embedding: np.ndarray
    equal_images: np.ndarray


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

    Lists all identities with equal names or equal images, and for each identity of `data` the
    nearest of `test` if the angle is at most `degrees`. Needs memory for one direction per
    identity, 128 MB, and about 60 bytes per image.

    Args:
        data: Records to train on.
        test: Records or a pair set to test on.
        embedder: The model; None compares only names and images.
        degrees: Angle between mean directions up to which identities are listed.
        by_name: Whether to compare names, in the form of `data.names.normalize_name`.
        images: Largest number of images of an identity that are embedded.

    Raises:
        DataError: If records cannot be read, more than 1 % of the images are damaged, embeddings
            are not finite, or half of all identities are within `degrees` of each other.
    """
    named = _equal_names(data, test) if by_name else np.zeros((0, 2), np.int64)
    equal, counts = _equal_images(*(_image_hashes(records) for records in (data, test)))
    near = np.zeros((0, 2), np.int64)
    if embedder is not None:
        ours, theirs = (identity_directions(records, embedder, images) for records in (data, test))
        _require_separation(ours, theirs, degrees)
        other, radians = nearest_identities(ours, np.full(len(ours), -1), theirs)
        close = np.flatnonzero(np.degrees(radians) <= degrees)
        near = np.stack([close, other[close]], axis=1)
    labels, is_named, equal_images = _unite(named, equal, counts, near)
    if embedder is None:
        angles = np.full(len(labels), np.nan, np.float32)
        names = np.array([data.manifest.classes[label].name for label in labels[:, 0].tolist()])
        order = np.lexsort((names, equal_images > 0)) if len(names) else np.zeros(0, np.int64)
    else:
        angles = _degrees(ours, theirs, labels)
        order = np.lexsort((angles, equal_images > 0))  # NaN last.
    found = Overlap(labels, angles, is_named, angles <= degrees, equal_images)
    return Overlap(*(part[order] for part in found))


def _unite(
    named: np.ndarray, equal: np.ndarray, counts: np.ndarray, near: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Unites pairs found in three ways, each int64 `[pairs, 2]`.

    Args:
        named: Pairs of equal names.
        equal: Pairs of equal images.
        counts: int64 `[pairs]`: number of equal images of each of these.
        near: Pairs at a small angle.

    Returns:
        The different pairs int64 `[pairs, 2]`, whether each has equal names, bool `[pairs]`, and
        its number of equal images, int64 `[pairs]`.
    """
    labels, place = np.unique(np.concatenate([named, equal, near]), axis=0, return_inverse=True)
    place = place.reshape(-1)  # NumPy 2.0 keeps the axis.
    is_named, equal_images = np.zeros(len(labels), bool), np.zeros(len(labels), np.int64)
    is_named[place[: len(named)]] = True
    equal_images[place[len(named) :][: len(equal)]] = counts
    return labels, is_named, equal_images


def _image_hashes(records: RecordFolder) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of all images, uint64 `[images]`, and the images of each identity, int64."""
    hashes = load_image_hashes(records.directory, records.manifest)
    if hashes is None:
        hashes = compute_image_hashes(records.directory, records.manifest)
    return hashes, records.manifest.classes.images


def _equal_images(
    ours: tuple[np.ndarray, np.ndarray], theirs: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of identities with equal images.

    Args:
        ours: Hashes of the images by label, and the images of each label, of the training data.
        theirs: The same of the test data.

    Returns:
        int64 `[pairs, 2]`, and int64 `[pairs]`, the number of test images that are equal to one of
        the training identity.
    """
    wanted, inverse = np.unique(theirs[0], return_inverse=True)
    place = np.minimum(np.searchsorted(wanted, ours[0]), len(wanted) - 1)
    equal = np.flatnonzero(wanted[place] == ours[0])
    label = np.repeat(np.arange(len(ours[1])), ours[1])[equal]
    # Equal images within one training identity count once.
    links = np.unique(np.stack([place[equal], label], axis=1), axis=0)
    starts = np.searchsorted(links[:, 0], inverse, "left")
    counts = np.searchsorted(links[:, 0], inverse, "right") - starts
    other = np.repeat(np.repeat(np.arange(len(theirs[1])), theirs[1]), counts)
    steps = np.arange(len(other)) - np.repeat(np.cumsum(counts) - counts, counts)
    pairs = np.stack([links[np.repeat(starts, counts) + steps, 1], other], axis=1)
    return np.unique(pairs, axis=0, return_counts=True)


def _require_separation(ours: np.ndarray, theirs: np.ndarray, degrees: float) -> None:
    """Raises `DataError` if most pairs of identities are within `degrees` of each other."""
    if min(len(ours), len(theirs)) < _ENOUGH:
        return
    generator = np.random.default_rng(0)
    pairs = np.stack([generator.integers(0, len(side), _RANDOM) for side in (ours, theirs)], axis=1)
    middle = float(np.nanmedian(_degrees(ours, theirs, pairs)))
    if middle <= degrees:
        raise DataError(
            f"The recognizer does not separate these people: half of all pairs of a training and a "
            f"test identity are within {middle:.1f}°, and pairs within {degrees:g}° would be "
            "listed. Give a recognizer trained on faces of this alignment, or a smaller --degrees."
        )


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
