"""Policies that select among several faces."""

import numpy as np
import pytest

from facerec_tf.alignment import POLICIES, Face, RejectedFaceError


def face(x, y, side):
    return Face(np.float32([x, y, side, side]), 0.9, np.zeros((5, 2), np.float32))


LARGEST, MIDDLE, SMALL = face(0, 0, 90), face(80, 80, 50), face(97, 97, 6)
FACES = [SMALL, MIDDLE, LARGEST]
SIZE = (200, 200)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("largest", [LARGEST]),
        ("center", [MIDDLE]),  # The small one is nearer to the middle, but in the background.
        ("all", [LARGEST, MIDDLE, SMALL]),
    ],
)
def test_policies(policy, expected):
    for faces in (FACES, FACES[::-1]):
        assert [f.size for f in POLICIES[policy](faces, SIZE)] == [f.size for f in expected]


def test_center_depends_on_height_and_width():
    left, right = face(10, 10, 20), face(380, 10, 20)
    assert POLICIES["center"]([left, right], (40, 800))[0] is right
    assert POLICIES["center"]([left, right], (800, 40))[0] is left


def test_only():
    assert POLICIES["only"]([SMALL], SIZE) == [SMALL]
    with pytest.raises(
        RejectedFaceError, match="several faces: it shows 3, where only one is allowed"
    ):
        POLICIES["only"](FACES, SIZE)


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_selects_a_single_face(policy):
    assert POLICIES[policy]([MIDDLE], SIZE) == [MIDDLE]
