"""Sub-center ArcFace: ArcFace on the nearest of a class's centres."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import SubCenterArcFace
from tests.margins.formulas import EMBEDDING_SIZE, arc, cosines, make, random_batch, with_targets

CLASSES = 4


def centres_of(k, seed=5):
    """Returns `[d, k·CLASSES]`: the first centres of all classes, then all second ones."""
    return np.random.default_rng(seed).normal(size=(EMBEDDING_SIZE, k * CLASSES))


def batch():
    embeddings, labels, _ = random_batch()
    return embeddings, labels % CLASSES


def test_defaults_are_the_papers():
    head = SubCenterArcFace(10)
    assert (head.s, head.m, head.k, head.num_centres) == (64.0, 0.5, 3, 30)


@pytest.mark.parametrize(("k", "m"), [(1, 0.5), (3, 0.5), (3, 1.5)])
def test_nearest_centre_of_each_class_counts(k, m):
    (embeddings, labels), centres = batch(), centres_of(k)
    every = cosines(embeddings, centres)
    cosine = np.stack([every[:, c::CLASSES].max(axis=1) for c in range(CLASSES)], axis=1)
    targets = [arc(m)(np.arccos(cosine[row, label])) for row, label in enumerate(labels)]
    head = make("subcenter_arcface", centres, CLASSES, k=k, m=m)
    expected = with_targets(cosine, labels, targets, 64.0)
    np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(head(embeddings), 64 * cosine, rtol=1e-7)


def test_gradient_reaches_the_nearest_centres_alone():
    (embeddings, labels), centres = batch(), centres_of(3)
    head = make("subcenter_arcface", centres, CLASSES)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head(embeddings[:1], labels[:1]))
    pulled = np.any(tape.gradient(loss, head.centres.value) != 0.0, axis=0).reshape(3, CLASSES)
    nearest = cosines(embeddings[:1], centres).reshape(3, CLASSES).argmax(axis=0)
    np.testing.assert_array_equal(pulled, np.arange(3)[:, None] == nearest)


def test_of_equal_centres_one_is_pulled():
    centres = np.tile(centres_of(1), 3)
    head = make("subcenter_arcface", centres, CLASSES)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head(batch()[0]))
    pulled = np.any(tape.gradient(loss, head.centres.value) != 0.0, axis=0)
    assert pulled.tolist() == [True] * CLASSES + [False] * 2 * CLASSES


def test_own_centres_are_the_nearest():
    (embeddings, labels), centres = batch(), centres_of(3)
    own = make("subcenter_arcface", centres, CLASSES).own_centres(embeddings, labels)
    for row, label in enumerate(labels):
        candidates = centres[:, label::CLASSES]
        nearest = candidates[:, cosines(embeddings[row : row + 1], candidates).argmax()]
        np.testing.assert_allclose(own[row], nearest / np.linalg.norm(nearest))


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 1.5}, {"m": -0.1}, {"m": 3.5}, {"s": -1.0}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        SubCenterArcFace(10, **options)
