"""How a head is turned, by its five landmarks."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

#: Eyes, nose, corners of the mouth; x to the image's right, y down, z away from the camera, in
#: distances between the eyes. x and y: the median of LFW's 13,233 faces, made symmetric; so zero is
#: how people look in photographs. The nose's height: from how eyes and mouth grow narrower as it
#: moves aside, in the same faces (0.54 by the eyes, 0.49 by the mouth).
_FACE = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.56, -0.51], [-0.44, 1.01, 0], [0.44, 1.01, 0]])
_CENTRED = _FACE - _FACE.mean(axis=0)
_INVERSE = np.linalg.pinv(_CENTRED)


class Pose(NamedTuple):
    """How a head is turned, in radians.

    Attributes:
        yaw: Positive if it looks to the image's right.
        pitch: Positive if it looks up.
        roll: Positive if it is tilted clockwise.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: np.ndarray) -> Pose:
    """Estimates how a head is turned.

    The least-squares projection of a mean face onto the landmarks without perspective (DeMenthon
    and Davis, "Model-based object pose in 25 lines of code", IJCV 15, 1995), and the rotation next
    to it: R = roll · yaw · pitch. Noses differ: the pitch of one person is off by some 8 degrees.

    Args:
        landmarks: float `[5, 2]`, x and y in pixels, in the house's order.
    """
    projection = (_INVERSE @ (landmarks - np.mean(landmarks, axis=0))).T
    u, _, vt = np.linalg.svd(projection, full_matrices=False)
    right, down = u @ vt
    away = np.cross(right, down)
    return Pose(
        yaw=math.asin(float(np.clip(away[0], -1, 1))),
        pitch=-math.atan2(away[1], away[2]),
        roll=math.atan2(down[0], right[0]),
    )
