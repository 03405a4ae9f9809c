"""Head pose, estimated from five landmarks."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

#: A mean face: eyes, nose, corners of the mouth; x to the image's right, y down, z away from the
#: camera; the unit is the distance between the eyes. x and y are the median of LFW's 13,233 faces,
#: made symmetric, so an angle of zero is the usual pose in photographs. The depth of the nose was
#: fitted to the same faces: eyes and mouth become narrower as the nose moves to the side (0.54 by
#: the eyes, 0.49 by the mouth).
_FACE = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.56, -0.51], [-0.44, 1.01, 0], [0.44, 1.01, 0]])
_CENTRED = _FACE - _FACE.mean(axis=0)
_INVERSE = np.linalg.pinv(_CENTRED)


class Pose(NamedTuple):
    """Rotation of a head, in radians.

    Attributes:
        yaw: Positive if the face looks to the image's right.
        pitch: Positive if the face looks up.
        roll: Positive if the head is tilted clockwise.
    """

    yaw: float
    pitch: float
    roll: float


def head_pose(landmarks: np.ndarray) -> Pose:
    """Estimates the pose of a head.

    Fits the projection of a mean face without perspective to the landmarks by least squares
    (DeMenthon and Davis, "Model-based object pose in 25 lines of code", IJCV 15, 1995) and takes
    the nearest rotation, R = roll · yaw · pitch. As noses differ, the pitch of one person has a
    constant error of about 8 degrees.

    Args:
        landmarks: float `[5, 2]`, x and y in pixels, in the order of `Face.landmarks`.
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
