"""SphereFace2 against its formulas, and the bias it starts from."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import SphereFace2
from tests.margins.formulas import (
    binary_cross_entropies,
    check,
    gradient,
    make,
    own_angles,
    random_batch,
    sigmoid,
    slope_on_target,
)

OPTIONS = {"s": 30.0, "m": 0.25, "t": 2.5, "balance": 0.6}


def spread(cosine, t):
    return 2 * ((cosine + 1) / 2) ** t - 1


def test_defaults_are_the_papers():
    head = SphereFace2(10)
    assert (head.s, head.m, head.t, head.balance) == (40.0, 0.4, 3.0, 0.7)
    assert (head.weight, head.gradient) == (50.0, "detached")  # as in the authors' code


@pytest.mark.parametrize(("s", "m", "t"), [(40.0, 0.4, 3.0), (30.0, 0.25, 2.5), (30.0, 0.0, 1.0)])
def test_logits(s, m, t):
    head = make("sphereface2", random_batch()[2], s=s, m=m, t=t)
    head.bias.assign(0.0)

    def negative(cosine, _):
        return spread(cosine, t) + m

    check(head, lambda theta: spread(np.cos(theta), t) - m, s, negative=negative)
    embeddings, labels, _ = random_batch()
    unbiased = head(embeddings, labels)
    head.bias.assign(-7.0)
    np.testing.assert_allclose(head(embeddings, labels), unbiased - 7.0)


@pytest.mark.parametrize("weight", [1.0, 50.0])
def test_loss(weight):
    embeddings, labels, centres = random_batch()
    head = make("sphereface2", centres, weight=weight, **OPTIONS)
    logits = head(embeddings, labels).numpy()
    factor = weight / 30.0
    expected = binary_cross_entropies(logits, labels, factor * 0.6, factor * (1 - 0.6))
    np.testing.assert_allclose(head.loss(embeddings, labels), expected, rtol=1e-7)


@pytest.mark.parametrize("num_classes", [2, 10, 100_000])
@pytest.mark.parametrize("balance", [0.3, 0.5, 0.7, 0.999])
@pytest.mark.parametrize(("s", "m"), [(40.0, 0.4), (20.0, 0.0)])
def test_first_bias_is_where_the_slopes_cancel(num_classes, balance, s, m):
    head = SphereFace2(num_classes, s=s, m=m, balance=balance, dtype="float64")
    head.build((None, 1))
    own, other = (s * (spread(0.0, 3.0) + sign * m) + float(head.bias) for sign in (-1, 1))
    pull = balance * sigmoid(-own)
    push = (1 - balance) * (num_classes - 1) * sigmoid(other)
    assert pull == pytest.approx(push, rel=1e-5)


def test_first_bias_has_no_gradient_for_orthogonal_embeddings():
    embeddings, labels, centres = random_batch()
    embeddings[:, :3], centres[3:] = 0.0, 0.0
    head = make("sphereface2", centres)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(head.loss(embeddings, labels))
    assert abs(float(tape.gradient(loss, head.bias.value))) < 1e-4 < float(loss)


def test_detached_gradient_is_that_of_plain_cosines():
    embeddings, labels, centres = random_batch()
    weights = np.random.default_rng(1).normal(size=(len(labels), centres.shape[1]))
    ours = gradient(make("sphereface2", centres), embeddings, labels, weights=weights)
    plain = gradient(make("normface", centres, s=40.0), embeddings, labels, weights=weights)
    np.testing.assert_allclose(ours, plain, rtol=1e-7, atol=1e-7)


def test_exact_gradient_is_that_of_the_spread():
    embeddings, labels, centres = random_batch()
    head = make("sphereface2", centres, gradient="exact")
    cosine = np.cos(own_angles(embeddings, labels, centres))
    expected = 40.0 * 3.0 * ((cosine + 1) / 2) ** 2
    np.testing.assert_allclose(slope_on_target(head, embeddings, labels), expected, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"m": -0.1},
        {"t": 0.5},
        {"balance": 0.0},
        {"balance": 1.0},
        {"balance": "0.7"},
        {"weight": 0.0},
        {"s": None},
    ],
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        SphereFace2(10, **options)
