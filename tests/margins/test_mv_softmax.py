"""MV-Softmax against its formulas."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import MVSoftmax
from tests.margins.formulas import arc, check, cosines, make, own_angles, random_batch


def cos(m):
    return lambda theta: np.cos(theta) - m


def test_defaults_are_the_papers():
    head = MVSoftmax(10)
    assert (head.s, head.form, head.m, head.t) == (32.0, "arc", 0.5, 1.2)
    assert MVSoftmax(10, form="cos").m == 0.35


# m = 1.5 sends half of the random angles past π − m.
@pytest.mark.parametrize(
    ("form", "margin", "m"), [("arc", arc, 0.5), ("arc", arc, 1.5), ("cos", cos, 0.35)]
)
@pytest.mark.parametrize("t", [1.0, 1.2, 2.0])
def test_formula(form, margin, m, t):
    embeddings, labels, centres = random_batch()
    targets = [[margin(m)(theta)] for theta in own_angles(embeddings, labels, centres)]
    assert 0.2 < np.mean(cosines(embeddings, centres) > targets) < 1.0  # hard and not

    def negative(cosine, target):
        return t * cosine + t - 1 if cosine > target else cosine

    head = make("mv_softmax", centres, form=form, m=m, t=t)
    check(head, margin(m), scale=32.0, negative=negative)


@pytest.mark.parametrize(
    "options", [{"m": -0.1}, {"m": 3.5}, {"t": 0.9}, {"s": 0.0}, {"s": None}, {"gradient": "none"}]
)
def test_options_outside_their_domain_are_refused(options):
    with pytest.raises(ArgumentError, match=f"'{next(iter(options))}' must be"):
        MVSoftmax(10, **options)


def test_unknown_form_names_the_nearest():
    with pytest.raises(ArgumentError, match=r"'form' must be one of arc, cos\..* mean 'arc'"):
        MVSoftmax(10, form="arcs")
