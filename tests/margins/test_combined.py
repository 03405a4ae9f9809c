"""The combined margin against its formula."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import Combined
from tests.margins.formulas import check, make, psi, random_batch


def test_defaults_are_cm1():
    head = Combined(10)
    assert (head.s, head.m1, head.m2, head.m3) == (64.0, 1.0, 0.3, 0.2)


# The last goes past π for most random angles; the first two hardly do.
@pytest.mark.parametrize("m", [(1.0, 0.3, 0.2), (0.9, 0.4, 0.15), (2.5, 0.4, 0.1)])
def test_formula(m):
    m1, m2, m3 = m
    head = make("combined", random_batch()[2], m1=m1, m2=m2, m3=m3)
    check(head, lambda theta: psi(m1 * theta + m2, 1) - m3)


def test_no_margin_is_ignored():
    """InsightFace drops m1 and m2 where m3 > 0."""
    embeddings, labels, centres = random_batch()
    margins = [(1, 0, 0.2), (1, 0.3, 0), (1, 0.3, 0.2), (0.9, 0.3, 0.2)]
    logits = [
        make("combined", centres, m1=m1, m2=m2, m3=m3)(embeddings, labels) for m1, m2, m3 in margins
    ]
    for i, one in enumerate(logits):
        for other in logits[i + 1 :]:
            assert np.abs(one - other).max() > 0.1


@pytest.mark.parametrize("options", [{"m1": 0.0}, {"m2": -0.1}, {"m3": -0.1}])
def test_margins_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        Combined(10, **options)
