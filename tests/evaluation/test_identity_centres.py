"""Centres of identities with planted errors, angles recomputed pair by pair."""

import math

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.evaluation import identity_centres as module
from facerec_tf.evaluation.identity_centres import (
    identity_centres,
    nearest_identities,
    same_person_angle,
)

DIM, LIMIT = 24, math.radians(75)


@pytest.fixture
def random():
    return np.random.default_rng(11)


def around(direction, count, random, spread=0.12):
    """Embeddings near a direction, of any length."""
    points = direction + spread * random.normal(size=(count, DIM))
    return points * random.uniform(0.1, 20, (count, 1))


def mean(points):
    total = sum(x / np.linalg.norm(x) for x in points)
    return total / np.linalg.norm(total)


def angle(a, b):
    return math.acos(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture
def people(random):
    """Identity → embeddings of its own, and those of others under its name; 3 has none."""
    axes = np.eye(DIM)
    return {
        0: (around(axes[0], 9, random), around(axes[1], 3, random)),
        1: (around(axes[2], 1, random), np.zeros((0, DIM))),
        2: (around(axes[3], 2, random), around(axes[4], 1, random)),
        # Six of one person and five of another.
        4: (around(axes[5], 6, random), around(axes[6], 5, random)),
        5: (around(axes[7], 2, random), np.zeros((0, DIM))),
    }


@pytest.fixture
def images(people, random):
    """Embeddings, labels, and whether each is its identity's own, in random order."""
    rows = [
        (x, label, own)
        for label, parts in people.items()
        for own, points in zip((True, False), parts, strict=True)
        for x in points
    ]
    rows = [rows[i] for i in random.permutation(len(rows))]
    embeddings, labels, own = map(np.array, zip(*rows, strict=True))
    return embeddings, labels, own


def test_centres_are_those_of_the_majority(images):
    embeddings, labels, own = images
    found = identity_centres(embeddings, labels, 6, LIMIT)
    assert found.directions.dtype == found.angles.dtype == np.float32
    for label in (0, 1, 2, 4, 5):
        expected = mean(embeddings[(labels == label) & own])
        np.testing.assert_allclose(found.directions[label], expected, atol=1e-6)
    assert not found.directions[3].any()


def test_angles_are_to_the_others_of_the_majority(images):
    embeddings, labels, own = images
    found = identity_centres(embeddings, labels, 6, LIMIT)
    for i, (x, label) in enumerate(zip(embeddings, labels, strict=True)):
        others = [embeddings[j] for j in np.flatnonzero((labels == label) & own).tolist() if j != i]
        if others:
            assert found.angles[i] == pytest.approx(angle(x, mean(others)), abs=1e-3)
        else:
            assert np.isnan(found.angles[i])
    np.testing.assert_array_equal(found.angles > LIMIT, ~own)


def test_halves_are_every_second_image_near_the_centre(images):
    embeddings, labels, own = images
    found = identity_centres(embeddings, labels, 6, LIMIT)
    for label in (0, 2, 4, 5):
        near = embeddings[(labels == label) & own]
        expected = angle(mean(near[::2]), mean(near[1::2]))
        assert found.halves[label] == pytest.approx(expected, abs=1e-3)
    assert np.isnan(found.halves[[1, 3]]).all()


def test_two_images_that_disagree_are_both_far():
    found = identity_centres(np.eye(2, DIM), np.array([0, 0]), 1, LIMIT)
    np.testing.assert_allclose(found.angles, math.pi / 2, atol=1e-6)


def test_of_three_images_one_cannot_draw_the_mean_to_itself():
    """The plain mean is 63° from the third, which would pass."""
    found = identity_centres(np.eye(2, DIM)[[0, 1, 0]], np.zeros(3, int), 1, LIMIT)
    np.testing.assert_allclose(found.angles, [0, math.pi / 2, 0], atol=1e-3)


def test_where_no_two_images_agree_there_is_no_centre():
    found = identity_centres(np.eye(DIM), np.zeros(DIM, int), 1, math.radians(30))
    assert not found.directions.any()
    np.testing.assert_allclose(found.angles, math.pi / 2)
    assert np.isnan(found.halves).all()


def test_half_precision_from_the_disk_is_precise_enough(images, tmp_path):
    embeddings, labels, _ = images
    units = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    units.astype(np.float16).tofile(tmp_path / "x")
    stored = np.memmap(tmp_path / "x", np.float16, "r").reshape(-1, DIM)
    exact, found = (identity_centres(e, labels, 6, LIMIT) for e in (embeddings, stored))
    np.testing.assert_allclose(found.angles, exact.angles, atol=np.radians(0.1))


@pytest.mark.parametrize("products", [1, 7, 1 << 25])
def test_nearest_other_identity(images, monkeypatch, products):
    monkeypatch.setattr(module, "_PRODUCTS", products)
    embeddings, labels, _ = images
    directions = identity_centres(embeddings, labels, 6, LIMIT).directions
    nearest, angles = nearest_identities(embeddings, labels, directions)
    for x, label, other, found in zip(embeddings, labels, nearest, angles, strict=True):
        others = {c: angle(x, directions[c]) for c in (0, 1, 2, 4, 5) if c != label}
        assert other == min(others, key=others.get)
        assert found == pytest.approx(others[other], abs=1e-3)


def test_no_other_identity():
    directions = np.eye(1, DIM, dtype=np.float32)
    for known in (directions, np.zeros_like(directions)):
        _, angles = nearest_identities(directions, np.array([0]), known)
        assert angles == pytest.approx(np.pi)


def test_one_person_is_nearer_than_midway():
    halves, nearest = np.array([0.1, np.nan, 0.2, 0.9]), np.array([1.0, 1.2, 1.4, 3.0])
    assert same_person_angle(halves, nearest) == pytest.approx((0.2 + 1.3) / 2)
    assert same_person_angle(np.full(3, np.nan), nearest) is None


@pytest.mark.parametrize(
    ("embeddings", "labels", "words"),
    [
        (np.zeros(3), np.zeros(3, int), "'embeddings' must be of shape"),
        (np.zeros((3, 2)), np.zeros(2, int), "'labels' must be of shape"),
    ],
)
def test_shapes_that_do_not_fit(embeddings, labels, words):
    with pytest.raises(ArgumentError, match=words):
        identity_centres(embeddings, labels, 1, LIMIT)
