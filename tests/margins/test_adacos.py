"""AdaCos against the paper's rule for its scale."""

import numpy as np
import pytest

from facerec_tf import margins
from tests.margins.formulas import (
    NUM_CLASSES,
    cosines,
    gradient,
    make,
    own_angles,
    random_batch,
)


def next_scale(scale, embeddings, labels, centres):
    others = np.exp(scale * cosines(embeddings, centres))
    others[np.arange(len(labels)), labels] = 0.0
    median = np.median(own_angles(embeddings, labels, centres))
    return np.log(others.sum(axis=1).mean()) / np.cos(min(np.pi / 4, median))


def near_centres(batch):
    """Returns a batch whose median angle is below π/4."""
    embeddings, labels, centres = batch
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    return 0.4 * embeddings / lengths + centres.T[labels], labels, centres


def test_first_scale_is_the_fixed_one():
    embeddings, labels, centres = random_batch()
    head = make("adacos", centres, adaptive=False)
    expected = np.sqrt(2.0) * np.log(NUM_CLASSES - 1) * cosines(embeddings, centres)
    for training in (True, None):
        np.testing.assert_allclose(head(embeddings, labels, training=training), expected, rtol=1e-6)
    np.testing.assert_allclose(head(embeddings), expected, rtol=1e-6)


@pytest.mark.parametrize("batch", [64, 63], ids=["even", "odd"])
def test_scale_follows_the_batches(batch):
    batches = [random_batch(1, batch), near_centres(random_batch(2, batch)), random_batch(3, batch)]
    medians = [np.median(own_angles(*one)) for one in batches]
    assert medians[1] < np.pi / 4 < min(medians[0], medians[2])
    head = make("adacos", batches[0][2])
    scale = np.sqrt(2.0) * np.log(NUM_CLASSES - 1)
    for embeddings, labels, centres in batches:
        head.centres.assign(centres)
        scale = next_scale(scale, embeddings, labels, centres)
        expected = scale * cosines(embeddings, centres)
        actual = head(embeddings, labels, training=True)
        np.testing.assert_allclose(head.scale, scale, rtol=1e-7)
        np.testing.assert_allclose(actual, expected, rtol=1e-7)
        np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_high_scale_among_far_centres_does_not_underflow(dtype):
    own = np.eye(NUM_CLASSES)[:1]
    head = margins.get("adacos", num_classes=NUM_CLASSES, dtype=dtype)
    head.build((None, NUM_CLASSES))
    head.centres.assign(np.concatenate([own, 0.8 * own + 0.6 * np.eye(NUM_CLASSES)[1:]]).T)
    head.scale.assign(1000.0)
    head(own.astype(dtype), np.zeros(1, "int32"), training=True)
    np.testing.assert_allclose(head.scale, 800.0 + np.log(NUM_CLASSES - 1), rtol=1e-6)


def test_scale_has_no_gradient():
    embeddings, labels, centres = random_batch()
    head = make("adacos", centres)
    moving = gradient(head, embeddings, labels, training=True)
    np.testing.assert_allclose(moving, gradient(head, embeddings, labels), rtol=1e-9)


def test_scale_stays_finite_where_other_centres_stay_nearer():
    embeddings, labels, centres = random_batch()
    head = make("adacos", np.ones_like(centres) * np.where(np.arange(NUM_CLASSES) == 0, -1, 1))
    for _ in range(25):
        head(np.abs(embeddings), np.zeros_like(labels), training=True)
    assert float(head.scale) == 1000.0


def test_two_identities_keep_a_scale():
    """The paper's first scale would be √2·log 1 = 0, and stay there."""
    head = make("adacos", np.eye(3)[:, :2])
    assert float(head.scale) == 1.0
    head(np.eye(3), np.array([0, 1, 1]), training=True)
    assert float(head.scale) == 1.0
