"""Dominant centres and angles recomputed image by image, with loops."""

import math

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.evaluation.label_noise import (
    centres_by_class,
    dominance,
    nearest_other,
    own_cosines,
)
from facerec_tf.margins import SubCenterArcFace

CLASSES, K, DIM = 5, 3, 6


def cosine(a, b):
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


@pytest.fixture
def random():
    return np.random.default_rng(4)


@pytest.fixture
def head(random):
    """Centres of any length, as a head keeps them: `[dim, k·classes]`."""
    return random.normal(size=(DIM, K * CLASSES)) * random.uniform(0.01, 9, K * CLASSES)


@pytest.fixture
def images(random):
    """Embeddings of any length, of four of the five classes."""
    labels = np.array([4, 0, 1, 1, 4, 0, 2, 2, 2, 4, 0, 0, 1, 2, 2, 4, 4, 0])
    scale = random.uniform(0.1, 30, (len(labels), 1))
    return random.normal(size=(len(labels), DIM)) * scale, labels


def test_centres_are_those_of_the_head(head):
    centres = centres_by_class(head, K)
    assert (centres.shape, centres.dtype) == ((CLASSES, K, DIM), np.float32)
    for label in range(CLASSES):
        for number in range(K):
            column = head[:, number * CLASSES + label]
            expected = column / np.linalg.norm(column)
            np.testing.assert_allclose(centres[label, number], expected, rtol=1e-5)


def test_the_layout_is_that_of_the_layer(head, images):
    """The layer's logits without labels are the highest cosines to each class's centres."""
    layer = SubCenterArcFace(CLASSES, s=1.0, k=K)
    layer.build((None, DIM))
    layer.centres.assign(head)
    embeddings, _ = images
    logits = np.asarray(layer(embeddings.astype(np.float32)))
    for label in range(CLASSES):
        same = np.full(len(embeddings), label)
        cosines = own_cosines(embeddings, same, centres_by_class(head, K))
        np.testing.assert_allclose(cosines.max(axis=1), logits[:, label], atol=1e-5)


def test_dominant_centres_and_angles_to_them(head, images):
    embeddings, labels = images
    cosines = own_cosines(embeddings, labels, centres_by_class(head, K))
    found = dominance(cosines, labels, CLASSES)
    votes = [[0] * K for _ in range(CLASSES)]
    own = {}
    for i, (x, label) in enumerate(zip(embeddings, labels.tolist(), strict=True)):
        own[i] = [cosine(x, head[:, number * CLASSES + label]) for number in range(K)]
        votes[label][own[i].index(max(own[i]))] += 1
    dominant = [count.index(max(count)) for count in votes]
    assert len(set(dominant)) > 1
    assert found.centre.tolist() == dominant
    expected = [math.acos(own[i][dominant[label]]) for i, label in enumerate(labels.tolist())]
    assert found.angles.dtype == np.float32
    np.testing.assert_allclose(found.angles, expected, atol=1e-5)


def test_the_dominant_centre_has_most_images_not_the_nearest():
    cosines = np.array([[0.5, 0.4], [0.5, 0.4], [-0.9, 0.99]])
    found = dominance(cosines, np.zeros(3, int), 1)
    assert found.centre.tolist() == [0]
    np.testing.assert_allclose(np.cos(found.angles), [0.5, 0.5, -0.9], atol=1e-6)


def test_of_equally_many_images_the_first_centre_is_taken():
    cosines = np.array([[0.1, 0.9, 0.2], [0.8, 0.1, 0.0]])
    assert dominance(cosines, np.zeros(2, int), 2).centre.tolist() == [0, 0]


def test_without_images():
    found = dominance(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), 4)
    assert found.centre.tolist() == [0, 0, 0, 0]
    assert found.angles.shape == (0,)


def test_nearest_other_class(head, images):
    embeddings, labels = images
    candidates = np.array([0, 2, 3])  # Of classes 1 and 4, images lie here, but no direction.
    directions = centres_by_class(head, K)[candidates, [2, 0, 1]]
    classes, angles = nearest_other(embeddings, labels, directions, candidates)
    for x, label, found, angle in zip(embeddings, labels, classes, angles, strict=True):
        others = {
            c: cosine(x, d) for c, d in zip(candidates, directions, strict=True) if c != label
        }
        assert found == max(others, key=others.get)
        assert angle == pytest.approx(math.acos(others[found]), abs=1e-5)


def test_no_other_class_is_at_the_opposite_end():
    point = np.eye(1, DIM)
    _, angles = nearest_other(point, np.array([3]), point.astype(np.float32), np.array([3]))
    assert angles == pytest.approx(np.pi)


def test_lengths_do_not_matter_and_zero_is_at_a_right_angle(head, images):
    embeddings, labels = images
    centres = centres_by_class(head, K)
    longer = own_cosines(1000 * embeddings, labels, centres)
    np.testing.assert_allclose(own_cosines(embeddings, labels, centres), longer, atol=1e-6)
    nothing = own_cosines(np.zeros((2, DIM)), labels[:2], centres)
    np.testing.assert_array_equal(nothing, 0)


def test_an_image_on_its_centre_has_angle_zero(head):
    centres = centres_by_class(head, K)
    labels = np.arange(CLASSES)
    found = dominance(own_cosines(1e3 * centres[:, 1], labels, centres), labels, CLASSES)
    assert found.centre.tolist() == [1] * CLASSES
    np.testing.assert_allclose(found.angles, 0, atol=1e-3)
    assert np.isfinite(found.angles).all()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: centres_by_class(np.zeros((4, 7)), 3), "'centres' must be of shape"),
        (lambda: dominance(np.zeros(3), np.zeros(3, int), 2), "'cosines' must be of shape"),
        (lambda: dominance(np.zeros((3, 2)), np.zeros(2, int), 2), "'labels' must be of shape"),
    ],
)
def test_shapes_that_do_not_fit(call, words):
    with pytest.raises(ArgumentError, match=words):
        call()
