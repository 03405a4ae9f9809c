"""CosFace's bounds."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import suggest_margin, suggest_scale


@pytest.mark.parametrize(("classes", "probability"), [(10, 0.9), (10575, 0.99), (2, 0.6)])
def test_the_scale_reaches_the_probability_it_promises(classes, probability):
    s = suggest_scale(classes, probability)
    # The bound's own setting: centres spread so that cosines to the others are -1/(C - 1).
    own, others = np.exp(s), (classes - 1) * np.exp(-s / (classes - 1))
    assert own / (own + others) == pytest.approx(probability)


def test_no_scale_is_needed_for_what_chance_gives():
    assert suggest_scale(2, 0.4) == 0.0


def test_margins_of_a_regular_polygon_and_a_simplex():
    corners = np.exp(2j * np.pi * np.arange(8) / 8)
    nearest = np.sort((corners[:, None] * corners.conj()).real, axis=1)[:, -2]
    assert suggest_margin(8, embedding_size=2) == pytest.approx(1 - nearest[0])
    simplex = np.eye(5) - 1 / 5
    simplex /= np.linalg.norm(simplex, axis=1, keepdims=True)
    assert suggest_margin(5, embedding_size=4) == pytest.approx(1 - simplex[0] @ simplex[1])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: suggest_scale(1), "num_classes"),
        (lambda: suggest_scale(10, 1.0), "probability"),
        (lambda: suggest_margin(1, 8), "num_classes"),
        (lambda: suggest_margin(10, 1), "embedding_size"),
    ],
)
def test_bad_input(call, name):
    with pytest.raises(ArgumentError, match=f"'{name}'"):
        call()
