"""Cross-entropy against TensorFlow's, with dense targets."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import cross_entropy


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_value_and_gradient(label_smoothing, dtype):
    generator = np.random.default_rng(0)
    logits = tf.constant(64 * generator.uniform(-1, 1, size=(9, 13)), dtype)
    labels = generator.integers(0, 13, size=9)
    weights = tf.constant(generator.uniform(size=9), dtype)
    targets = (1 - label_smoothing) * np.eye(13)[labels] + label_smoothing / 13
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(logits)
        ours = cross_entropy(labels, logits, label_smoothing)
        theirs = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
        ours_weighted, theirs_weighted = (tf.reduce_sum(weights * loss) for loss in (ours, theirs))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        tape.gradient(ours_weighted, logits), tape.gradient(theirs_weighted, logits), atol=1e-6
    )


def test_a_logit_that_is_no_number_shows():
    logits = tf.constant([[1.0, 2.0], [float("nan"), 0.0], [float("inf"), 0.0]])
    finite = np.isfinite(cross_entropy(tf.constant([0, 1, 1]), logits))
    assert finite.tolist() == [True, False, False]


@pytest.mark.parametrize("label_smoothing", [-0.1, 1.0])
def test_smoothing_outside_its_domain_is_refused(label_smoothing):
    with pytest.raises(ArgumentError, match="'label_smoothing' must be"):
        cross_entropy([0], tf.zeros([1, 2]), label_smoothing)
