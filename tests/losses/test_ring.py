"""Ring loss against its formula."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.losses import Ring
from tests.losses.formulas import make, random_batch


@pytest.mark.parametrize(("radius", "length"), [(None, 2.0), (5.0, 5.0)])  # √4 = 2
def test_formula_and_gradients(radius, length):
    labels, embeddings = random_batch()
    loss, x = make("ring", radius=radius), tf.constant(embeddings)
    norms = np.linalg.norm(embeddings, axis=1)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = loss(labels, x, training=False)
    on_x, on_length = tape.gradient(value, [x, loss.length.value])
    assert float(value) == pytest.approx(np.mean((norms - length) ** 2), rel=1e-9)
    assert float(on_length) == pytest.approx(-2 * np.mean(norms - length), rel=1e-9)
    expected = 2 * ((norms - length) / norms)[:, None] * embeddings / len(labels)
    np.testing.assert_allclose(on_x, expected, rtol=1e-9)


def test_length_is_learned():
    loss = make("ring")
    loss(*random_batch(), training=False)
    assert [weight.name for weight in loss.trainable_weights] == ["length"]
    assert Ring.auxiliary_weight == 0.01


@pytest.mark.parametrize("radius", [0.0, -1.0, "5"])
def test_radius_outside_its_domain_is_refused(radius):
    with pytest.raises(ArgumentError, match="'radius' must be positive"):
        Ring(radius=radius)
