"""Intra loss is the mean angle to the own centre, over π."""

import numpy as np
import pytest
import tensorflow as tf

from tests.losses.formulas import make, random_batch, requested, units


@pytest.mark.parametrize("sizes", [(5, 1, 3, 2, 1, 4), (1,)])
def test_formula(sizes):
    labels, embeddings = random_batch(sizes)
    loss = make("intra")
    (centres,) = requested(loss, labels)
    angles = np.arccos(np.sum(units(embeddings) * centres, axis=1))
    actual = loss(labels, embeddings, centres)
    assert float(actual) == pytest.approx(angles.mean() / np.pi, rel=1e-9)


def test_pulls_embedding_and_centre_together():
    labels, embeddings = random_batch()
    loss = make("intra")
    x, centres = tf.constant(embeddings), tf.constant(requested(loss, labels)[0])
    with tf.GradientTape() as tape:
        tape.watch([x, centres])
        value = loss(labels, x, centres)
    on_x, on_centres = tape.gradient(value, [x, centres])
    assert (np.sum(on_x * centres, axis=1) < 0.0).all()
    assert (np.sum(on_centres * x, axis=1) < 0.0).all()
