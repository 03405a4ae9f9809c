"""CurricularFace against its formula, and its running mean."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import CurricularFace
from tests.margins.formulas import (
    arc,
    check,
    cosines,
    expected_logits,
    gradient,
    make,
    own_angles,
    random_batch,
)


def harder(t):
    return lambda cosine, target: cosine * (t + cosine) if cosine > target else cosine


def test_defaults_are_the_papers():
    head = CurricularFace(10)
    assert (head.s, head.m, head.rate) == (64.0, 0.5, 0.01)


# m = 1.5 sends half of the random angles past π − m.
@pytest.mark.parametrize(("m", "t"), [(0.5, 0.0), (0.5, 0.3), (1.5, 0.3), (0.0, -0.2)])
def test_formula(m, t):
    embeddings, labels, centres = random_batch()
    targets = [[arc(m)(theta)] for theta in own_angles(embeddings, labels, centres)]
    assert 0.2 < np.mean(cosines(embeddings, centres) > targets) < 1.0  # hard and not
    head = make("curricularface", centres, m=m)
    head.t.assign(t)
    check(head, arc(m), negative=harder(t))


@pytest.mark.parametrize("rate", [0.01, 0.5, 0.0, 1.0])
def test_t_is_the_running_mean_of_the_target_cosine(rate):
    head, t = make("curricularface", random_batch()[2], rate=rate), 0.0
    for seed in range(4):
        embeddings, labels, centres = random_batch(seed)
        head.centres.assign(centres)
        t = rate * np.cos(own_angles(embeddings, labels, centres)).mean() + (1 - rate) * t
        actual = head(embeddings, labels, training=True)
        expected = expected_logits(embeddings, labels, centres, 64.0, arc(0.5), harder(t))
        np.testing.assert_allclose(head.t, t, rtol=1e-9)
        np.testing.assert_allclose(actual, expected, rtol=1e-7, atol=1e-6)


def test_t_has_no_gradient():
    embeddings, labels, centres = random_batch()
    head = make("curricularface", centres, rate=1.0)
    moving = gradient(head, embeddings, labels, training=True)
    np.testing.assert_allclose(moving, gradient(head, embeddings, labels), rtol=1e-9)


@pytest.mark.parametrize(
    "options", [{"m": -0.1}, {"m": 3.5}, {"rate": -0.1}, {"rate": 1.5}, {"s": 0.0}, {"s": None}]
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        CurricularFace(10, **options)
