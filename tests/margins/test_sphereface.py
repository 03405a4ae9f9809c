"""SphereFace against its formula, and its annealing."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import SphereFace
from tests.margins.formulas import check, expected_logits, make, psi, random_batch


def annealed(m, weight):
    return lambda theta: (weight * np.cos(theta) + psi(theta, m)) / (1 + weight)


def test_defaults_are_the_papers():
    head = SphereFace(10)
    assert (head.s, head.m) == (None, 4.0)
    schedule = (head.lambda_base, head.gamma, head.power, head.lambda_min)
    assert schedule == (1000.0, 0.12, 1.0, 5.0)


@pytest.mark.parametrize("m", [1, 1.35, 2, 3, 4, 4.5])
@pytest.mark.parametrize("s", [None, 64.0])
def test_piecewise_psi(m, s):
    options = {"lambda_base": 0.0, "lambda_min": 0.0}
    head = make("sphereface", random_batch()[2], s=s, m=m, **options)
    check(head, annealed(m, 0.0), scale=s)


def test_lambda_falls_per_training_step():
    embeddings, labels, centres = random_batch()
    head = make("sphereface", centres, gamma=0.5, power=1.5, lambda_min=30.0)
    lengths = np.linalg.norm(embeddings, axis=1)
    weights = []
    for step in range(30):
        weights.append(max(30.0, 1000.0 * (1 + 0.5 * step) ** -1.5))
        expected = expected_logits(embeddings, labels, centres, lengths, annealed(4, weights[-1]))
        actual = head(embeddings, labels, training=True)
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-6)
    assert weights[0] == 1000.0
    assert weights[-1] == 30.0


def test_only_training_with_labels_counts():
    embeddings, labels, centres = random_batch()
    head = make("sphereface", centres)
    head(embeddings, labels)
    head(embeddings, labels, training=False)
    head(embeddings, training=True)
    assert int(head.step) == 0
    head(embeddings, labels, training=True)
    assert int(head.step) == 1


@pytest.mark.parametrize(
    "options",
    [{"m": 0.5}, {"m": "4"}, {"lambda_base": -1}, {"lambda_min": -1}, {"gamma": -1}, {"power": -1}],
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        SphereFace(10, **options)
