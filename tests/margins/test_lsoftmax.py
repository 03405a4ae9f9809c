"""L-Softmax against its formula, and its annealing."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import LSoftmax
from tests.margins.formulas import make, own_angles, psi, random_batch


def expected_logits(embeddings, labels, centres, m, weight):
    logits = embeddings @ centres
    angles = own_angles(embeddings, labels, centres)
    for row, (label, theta) in enumerate(zip(labels, angles, strict=True)):
        radius = np.linalg.norm(embeddings[row]) * np.linalg.norm(centres[:, label])
        logits[row, label] = radius * (weight * np.cos(theta) + psi(theta, m)) / (1 + weight)
    return logits


@pytest.mark.parametrize("m", [1, 1.5, 2, 3, 4])
def test_piecewise_psi_on_centres_of_any_length(m):
    embeddings, labels, centres = random_batch()
    head = make("lsoftmax", centres, m=m, lambda_base=0.0, lambda_min=0.0)
    expected = expected_logits(embeddings, labels, centres, m, 0.0)
    np.testing.assert_allclose(head(embeddings, labels), expected, rtol=1e-7, atol=1e-6)
    np.testing.assert_allclose(head(embeddings), embeddings @ centres)


def test_lambda_falls_per_training_step():
    embeddings, labels, centres = random_batch()
    head = make("lsoftmax", centres, gamma=2.0, lambda_min=100.0)
    for weight in (1000.0, 1000 / 3, 200.0, 1000 / 7, 1000 / 9, 100.0, 100.0):
        expected = expected_logits(embeddings, labels, centres, 4, weight)
        actual = head(embeddings, labels, training=True)
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize("gradient", ["exact", "detached"])
def test_length_of_the_own_centre_scales_the_target(gradient):
    """The slope along a centre is the logit over the centre's length, detached or not."""
    embeddings, labels, centres = random_batch()
    head = make("lsoftmax", centres, gradient=gradient)
    with tf.GradientTape() as tape:
        logits = head(embeddings, labels)
    pull = tape.gradient(logits, head.centres.value)
    np.testing.assert_allclose(np.sum(pull * centres, axis=0), np.sum(logits, axis=0), rtol=1e-6)


@pytest.mark.parametrize(
    "options",
    [{"m": 0.5}, {"lambda_base": -1}, {"lambda_min": -1}, {"gamma": -1}, {"power": -1}],
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        LSoftmax(10, **options)


def test_has_no_scale_of_its_own():
    with pytest.raises(TypeError, match="'s'"):
        LSoftmax(10, s=64.0)
