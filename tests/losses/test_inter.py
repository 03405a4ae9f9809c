"""Inter loss against loops over images and identities."""

import numpy as np
import pytest
import tensorflow as tf

from tests.losses.formulas import make, random_batch, requested


@pytest.mark.parametrize("sizes", [(5, 1, 3, 2, 1, 4), (1,) * 6, (4, 2)])
def test_formula(sizes):
    labels, embeddings = random_batch(sizes)
    loss = make("inter")
    (centres,) = requested(loss, labels)
    of = dict(zip(labels, centres, strict=True))
    total = sum(np.arccos(of[own] @ of[other]) for own in labels for other in of if other != own)
    expected = -total / (np.pi * len(labels) * (len(of) - 1))
    assert float(loss(labels, embeddings, centres)) == pytest.approx(expected, rel=1e-9)


def test_with_one_identity_loss_and_gradient_are_zero():
    labels, embeddings = random_batch((6,))
    loss = make("inter")
    centres = tf.constant(requested(loss, labels)[0])
    with tf.GradientTape() as tape:
        tape.watch(centres)
        value = loss(labels, embeddings, centres)
    assert float(value) == 0.0
    assert not np.any(tape.gradient(value, centres))


def test_pushes_centres_apart_and_leaves_embeddings_alone():
    labels, embeddings = np.array([0, 1]), tf.constant([[1.0, 2.0], [3.0, -1.0]], tf.float64)
    centres = tf.constant([[1.0, 0.0], [0.6, 0.8]], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([embeddings, centres])
        value = make("inter")(labels, embeddings, centres)
    on_embeddings, on_centres = tape.gradient(value, [embeddings, centres])
    assert not np.any(on_embeddings)
    assert np.sum(on_centres[0] * centres[1]) > 0.0
    assert np.sum(on_centres[1] * centres[0]) > 0.0
