"""CosFace against its formula."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import CosFace
from tests.margins.formulas import check, make, random_batch


def test_defaults_are_the_papers():
    head = CosFace(10)
    assert (head.s, head.m) == (64.0, 0.35)


@pytest.mark.parametrize(("s", "m"), [(64.0, 0.35), (30.0, 0.2), (16.0, 0.0)])
def test_formula(s, m):
    head = make("cosface", random_batch()[2], s=s, m=m)
    check(head, lambda theta: np.cos(theta) - m, scale=s)


def test_negative_margin_is_refused():
    with pytest.raises(ArgumentError, match=r"'m' must be non-negative. Received: m=-0.1"):
        CosFace(10, m=-0.1)
