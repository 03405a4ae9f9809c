from collections import Counter

import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import sample_pairs


def people(count, images):
    return {f"p{i:02d}": [f"p{i:02d}/{j}" for j in range(images)] for i in range(count)}


def person(name):
    return name.split("/")[0]


def test_balanced_distinct_and_true():
    pairs = sample_pairs(people(40, 5), 400, seed=0)
    assert len({frozenset(pair[1:3]) for pair in pairs}) == 400
    for pair in pairs:
        assert (person(pair.first) == person(pair.second)) == pair.same
        assert pair.first != pair.second
    counts = Counter((pair.fold, pair.same) for pair in pairs)
    assert set(counts.values()) == {20}
    assert len(counts) == 20


def test_folds_share_no_one():
    folds = {}
    for pair in sample_pairs(people(40, 5), 400, seed=0):
        folds.setdefault(person(pair.first), set()).add(pair.fold)
        folds.setdefault(person(pair.second), set()).add(pair.fold)
    assert all(len(found) == 1 for found in folds.values())


def test_few_people_serve_all_folds():
    pairs = sample_pairs(people(4, 12), 400, seed=0)  # 200 of the 264 pairs of the same person
    assert len({frozenset(pair[1:3]) for pair in pairs}) == 400


def test_seed_decides():
    first, again, other = (sample_pairs(people(40, 5), 400, seed=s) for s in (3, 3, 4))
    assert first == again != other


@pytest.mark.parametrize("count", [0, 30, -20])
def test_refuses_uneven_counts(count):
    with pytest.raises(ArgumentError, match="'pairs' must be a positive multiple of 20"):
        sample_pairs(people(40, 5), count, seed=0)


def test_refuses_a_negative_seed():
    with pytest.raises(ArgumentError, match="'seed' must be an integer of at least 0"):
        sample_pairs(people(40, 5), 400, seed=-1)


@pytest.mark.parametrize(
    ("images", "words"),
    [
        (people(20, 2), "too few images"),
        (people(2, 8), "too few images"),
        (people(40, 1), "two images or more"),
        (people(1, 9), "two people"),
    ],
)
def test_too_few_images(images, words):
    with pytest.raises(DataError, match=words):
        sample_pairs(images, 400, seed=0)
