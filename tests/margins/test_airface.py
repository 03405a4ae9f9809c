"""AirFace against its formula."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import AirFace
from tests.margins.formulas import (
    check,
    gradient,
    make,
    own_angles,
    random_batch,
    slope_on_target,
)


def linear(theta):
    return (np.pi - 2 * theta) / np.pi


def test_defaults_are_the_papers():
    head = AirFace(10)
    assert (head.s, head.m) == (64.0, 0.45)


# m = 2 sends most targets past θ + m = π, where the line continues to fall.
@pytest.mark.parametrize(("s", "m"), [(64.0, 0.45), (32.0, 2.0), (64.0, 0.0)])
def test_formula(s, m):
    head = make("airface", random_batch()[2], s=s, m=m)
    check(head, lambda theta: linear(theta + m), s, negative=lambda c, _: linear(np.arccos(c)))


def test_logits_fall_evenly_with_the_angle():
    embeddings, labels, centres = random_batch()
    slopes = slope_on_target(make("airface", centres), embeddings, labels)
    theta = own_angles(embeddings, labels, centres)
    np.testing.assert_allclose(slopes * np.sin(theta), 64 * 2 / np.pi, rtol=1e-5)


def test_detached_gradient_is_that_of_plain_cosines():
    embeddings, labels, centres = random_batch()
    weights = np.random.default_rng(1).normal(size=(len(labels), centres.shape[1]))
    detached = make("airface", centres, gradient="detached")
    ours = gradient(detached, embeddings, labels, weights=weights)
    plain = gradient(make("normface", centres), embeddings, labels, weights=weights)
    np.testing.assert_allclose(ours, plain, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("options", [{"m": -0.1}, {"s": 0.0}, {"s": None}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        AirFace(10, **options)
