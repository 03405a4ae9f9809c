"""Which of several faces is taken."""

import numpy as np
import pytest

from facerec_tf.alignment import POLICIES, Face, RejectedFaceError
from facerec_tf.alignment.selection import select
from facerec_tf.core.errors import ArgumentError


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
        assert [f.size for f in select(faces, policy, SIZE)] == [f.size for f in expected]


def test_center_is_told_by_height_and_width():
    left, right = face(10, 10, 20), face(380, 10, 20)
    assert select([left, right], "center", (40, 800))[0] is right
    assert select([left, right], "center", (800, 40))[0] is left


def test_only():
    assert select([SMALL], "only", SIZE) == [SMALL]
    with pytest.raises(RejectedFaceError, match="it shows 3 faces, where only one is allowed"):
        select(FACES, "only", SIZE)


@pytest.mark.parametrize("policy", POLICIES)
def test_one_face_is_taken_by_all(policy):
    assert select([MIDDLE], policy, SIZE) == [MIDDLE]


def test_unknown_policy():
    with pytest.raises(ArgumentError, match="Did you mean 'largest'"):
        select(FACES, "larges", SIZE)
