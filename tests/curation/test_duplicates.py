"""Duplicates among random hashes, against a comparison of all with all."""

import itertools
import tracemalloc

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.curation import duplicates
from facerec_tf.curation.duplicates import SIMILAR, find_duplicates


@pytest.fixture
def random():
    return np.random.default_rng(7)


def change(hashed, bits):
    """Returns the hash with these of its 256 bits changed."""
    mask = np.zeros(256, np.uint8)
    mask[bits] = 1
    return hashed ^ np.packbits(mask)


def groups_by_comparison(hashes):
    """Groups of two or more, linked by comparing all with all."""
    group = list(range(len(hashes)))
    for a, b in itertools.combinations(range(len(hashes)), 2):
        if np.unpackbits(hashes[a] ^ hashes[b]).sum() <= SIMILAR and group[a] != group[b]:
            old, new = group[b], group[a]
            group = [new if g == old else g for g in group]
    found = {g: frozenset(np.flatnonzero(np.array(group) == g).tolist()) for g in group}
    return {members for members in found.values() if len(members) > 1}


def found_groups(found):
    numbers = np.unique(found.groups)
    assert numbers.tolist() == list(range(len(numbers)))
    return [frozenset(found.places[found.groups == n].tolist()) for n in numbers]


def test_finds_what_comparing_all_with_all_does(random):
    hashes = random.integers(0, 256, (300, 32), np.uint8)
    for copy in range(40):
        # Up to seven bits, as many as are found wherever they fall.
        bits = random.choice(256, copy % 8, replace=False)
        hashes[299 - copy] = change(hashes[copy // 2], bits)
    hashes[100:110] = 0
    fingerprints = np.arange(300, dtype=np.uint64)
    found = find_duplicates(fingerprints, hashes, np.zeros(300, np.int32))
    expected = groups_by_comparison(hashes)
    assert len(expected) == 21
    assert set(found_groups(found)) == expected
    assert not found.identical.any()
    assert not found.across.any()


def test_twelve_bits_in_three_parts_are_alike_and_thirteen_are_not(random):
    hashes = random.integers(0, 256, (4, 32), np.uint8)
    hashes[1] = change(hashes[0], range(SIMILAR))
    hashes[3] = change(hashes[2], range(SIMILAR + 1))
    found = find_duplicates(np.arange(4, dtype=np.uint64), hashes, np.arange(4))
    assert found_groups(found) == [{0, 1}]


def test_across_identities_come_first_then_the_largest(random):
    kinds = random.integers(0, 256, (4, 32), np.uint8)
    hashes = kinds[[0, 0, 0, 1, 1, 2, 2, 2, 3, 3]]
    labels = np.array([5, 5, 5, 5, 6, 6, 6, 7, 8, -1])
    fingerprints = np.array([1, 2, 1, 3, 3, 4, 5, 6, 9, 9], np.uint64)
    found = find_duplicates(fingerprints, hashes, labels)
    assert found.places.tolist() == [5, 6, 7, 3, 4, 8, 9, 0, 1, 2]
    assert found.groups.tolist() == [0, 0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert found.across.tolist() == [True] * 7 + [False] * 3
    identical = {3, 4, 8, 9, 0, 2}
    assert set(found.places[found.identical].tolist()) == identical


def test_nothing_there_or_nothing_twice(random):
    for count in (0, 1, 50):
        hashes = random.integers(0, 256, (count, 32), np.uint8)
        found = find_duplicates(np.zeros(count, np.uint64), hashes, np.zeros(count, np.int32))
        assert [len(array) for array in found] == [0] * 4


def test_thousands_of_pictures_that_share_a_part_are_no_standstill(random, monkeypatch):
    monkeypatch.setattr(duplicates, "_FOLLOWERS", 8)
    hashes = random.integers(0, 256, (5000, 32), np.uint8)
    hashes[:, :4] = 0
    hashes[4000] = change(hashes[17], [200])
    fingerprints = np.arange(5000, dtype=np.uint64)
    found = find_duplicates(fingerprints, hashes, np.zeros(5000, np.int32))
    assert found_groups(found) == [{17, 4000}]


def test_memory_does_not_grow_past_a_few_dozen_bytes_an_image(random):
    count = 200_000
    hashes = random.integers(0, 256, (count, 32), np.uint8)
    hashes[:1000] = hashes[-1000:]
    arguments = random.integers(0, 2**63, count, np.uint64), hashes, np.zeros(count, np.int32)
    tracemalloc.start()
    find_duplicates(*arguments)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 60 * count


def test_shapes_that_do_not_fit():
    with pytest.raises(ArgumentError, match="'hashes' must be of shape \\(3, 32\\)"):
        find_duplicates(np.zeros(3, np.uint64), np.zeros((3, 8), np.uint8), np.zeros(3))
