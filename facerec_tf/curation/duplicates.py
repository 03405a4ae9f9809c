"""Finds copies of photographs among millions of images, by hashes in sorted arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from facerec_tf.core.errors import require

#: Largest number of different bits in the 256-bit hashes of similar images; see `picture_hashes`.
SIMILAR = 12

#: Parts of a hash. Two hashes that differ in fewer bits than there are parts have at least one part
#: in common; of hashes that differ in 12 random bits, 9 in 10 do.
PARTS = 8

#: Hashes that each is compared with among those that have a part in common: bounds the work if
#: thousands of almost empty pictures do.
_FOLLOWERS = 256

#: Odd numbers that mix the words of a hash (the fractions of the square roots of 2, 3, 5 and 7).
_MIX = np.array(
    [0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1], np.uint64
)


class Duplicates(NamedTuple):
    """Groups of similar images: each is similar to another of its group.

    Attributes:
        places: int64 `[m]`: the images, by group; those across identities first, then the largest.
        groups: int64 `[m]`: number of each image's group, from 0.
        identical: bool `[m]`: whether another image of the group has the same bytes.
        across: bool `[m]`: whether the group has images of more than one identity.
    """

    places: np.ndarray
    groups: np.ndarray
    identical: np.ndarray
    across: np.ndarray


def find_duplicates(fingerprints: np.ndarray, hashes: np.ndarray, labels: np.ndarray) -> Duplicates:
    """Finds identical and similar images.

    Sorts instead of comparing all pairs, and needs about 40 bytes per image besides the arguments.

    Args:
        fingerprints: uint64 `[n]`, equal for equal bytes.
        hashes: uint8 `[n, 32]`, from `picture_hashes`.
        labels: int `[n]`, the identities.
    """
    shape = (len(fingerprints), 32)
    require(hashes.shape == shape, "hashes", f"of shape {shape}", hashes.shape)
    pairs = list(_similar_pairs(np.ascontiguousarray(hashes).view(np.uint64)))
    first, second = np.concatenate(pairs, axis=1)
    places, ends = np.unique(np.concatenate([first, second]), return_inverse=True)
    links = coo_array((np.ones(len(first), bool), ends.reshape(2, -1)), (len(places),) * 2)
    _, groups = connected_components(links, directed=False)
    across = _spans(groups, labels[places])
    identical = _is_shared(groups, fingerprints[places])
    sizes = np.bincount(groups)
    order = np.lexsort((places, groups, -sizes[groups], ~across[groups]))
    numbers = np.cumsum(np.diff(groups[order], prepend=groups[order][:1]) != 0)
    return Duplicates(places[order], numbers, identical[order], across[groups][order])


def _similar_pairs(words: np.ndarray) -> Iterator[np.ndarray]:
    """Yields pairs `[2, pairs]` of similar hashes, uint64 `[n, 4]`: enough to connect them all."""
    yield np.zeros((2, 0), np.int64)
    if not len(words):
        return
    mixed = (words * _MIX).sum(axis=1, dtype=np.uint64)
    order = np.argsort(mixed, kind="stable")
    near = np.flatnonzero(np.diff(mixed[order]) == 0)
    del mixed
    near = near[(words[order[near]] == words[order[near + 1]]).all(axis=1)]
    yield np.stack([order[near], order[near + 1]])
    # Equal hashes are already connected: only one of them is compared with others.
    distinct = np.delete(order, near + 1)
    distinct.sort()
    for part in range(PARTS):
        keys = words.view(np.uint32)[distinct, part]
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        places = np.arange(len(keys))
        for step in range(1, _FOLLOWERS + 1):
            places = places[: np.searchsorted(places, len(keys) - step)]
            places = places[keys[places] == keys[places + step]]
            if not len(places):
                break
            pairs = distinct[order[np.stack([places, places + step])]]
            differing = np.unpackbits((words[pairs[0]] ^ words[pairs[1]]).view(np.uint8), axis=1)
            yield pairs[:, differing.sum(axis=1) <= SIMILAR]


def _spans(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Whether each group has more than one label, bool `[groups]`."""
    count = groups.max(initial=-1) + 1
    lowest, highest = np.full(count, np.iinfo(np.int64).max), np.full(count, -(2**63))
    np.minimum.at(lowest, groups, labels)
    np.maximum.at(highest, groups, labels)
    return lowest != highest


def _is_shared(groups: np.ndarray, fingerprints: np.ndarray) -> np.ndarray:
    """Whether another image of the group has the same fingerprint, bool `[m]`."""
    order = np.lexsort((fingerprints, groups))
    same = (np.diff(groups[order]) == 0) & (np.diff(fingerprints[order]) == 0)
    shared = np.zeros(len(groups), bool)
    shared[order[:-1][same]] = shared[order[1:][same]] = True
    return shared
