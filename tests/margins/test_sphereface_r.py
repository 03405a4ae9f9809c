"""SphereFace-R against its formula, and its detached gradient."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import SphereFaceR
from tests.margins.formulas import check, make, own_angles, psi, random_batch, slope_on_target


def test_defaults_are_the_papers():
    head = SphereFaceR(10)
    assert (head.s, head.m, head.gradient) == (30.0, 1.7, "detached")


@pytest.mark.parametrize(("s", "m"), [(30.0, 1.7), (64.0, 1.0), (None, 2.5), (30.0, 4)])
def test_formula(s, m):
    check(make("sphereface_r", random_batch()[2], s=s, m=m), lambda theta: psi(theta, m), scale=s)


def test_gradient_is_that_of_the_plain_cosine():
    embeddings, labels, centres = random_batch()
    slopes = slope_on_target(make("sphereface_r", centres), embeddings, labels)
    np.testing.assert_allclose(slopes, 30.0, rtol=1e-6)


def test_exact_gradient_is_that_of_psi():
    embeddings, labels, centres = random_batch()
    head = make("sphereface_r", centres, gradient="exact")
    theta = own_angles(embeddings, labels, centres)
    expected = 30.0 * 1.7 * np.abs(np.sin(1.7 * theta)) / np.sin(theta)
    np.testing.assert_allclose(slope_on_target(head, embeddings, labels), expected, rtol=1e-5)


@pytest.mark.parametrize("options", [{"m": 0.9}, {"m": -1.0}, {"s": 0.0}])
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        SphereFaceR(10, **options)
