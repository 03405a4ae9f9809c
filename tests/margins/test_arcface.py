"""ArcFace against its formula."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import ArcFace
from tests.margins.formulas import arc, check, make, random_batch


def easy(m):
    return lambda theta: np.cos(theta + m) if theta < np.pi / 2 else np.cos(theta)


def test_defaults_are_the_papers():
    head = ArcFace(10)
    assert (head.s, head.m, head.easy_margin, head.gradient) == (64.0, 0.5, False, "exact")


# m = 1.5 sends half of the random angles through the fallback.
@pytest.mark.parametrize(("s", "m"), [(64.0, 0.5), (32.0, 0.3), (64.0, 1.5), (64.0, 0.0)])
@pytest.mark.parametrize("easy_margin", [False, True])
def test_formula(s, m, easy_margin):
    head = make("arcface", random_batch()[2], s=s, m=m, easy_margin=easy_margin)
    check(head, (easy if easy_margin else arc)(m), scale=s)


def test_float32_at_a_face_sized_embedding():
    generator = np.random.default_rng(1)
    centres = generator.normal(size=(512, 50)).astype("float32")
    head = ArcFace(50)
    head.build((None, 512))
    head.centres.assign(centres)
    logits = head(centres.T.copy(), np.arange(50)).numpy()
    np.testing.assert_allclose(np.diag(logits), 64 * np.cos(0.5), atol=0.05)


@pytest.mark.parametrize("m", [-0.1, 3.5, "0.5", float("nan")])
def test_margin_outside_its_domain_is_refused(m):
    with pytest.raises(ArgumentError, match="'m' must be between"):
        ArcFace(10, m=m)
