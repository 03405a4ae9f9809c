"""Whether five landmarks can be those of a face."""

from __future__ import annotations

import numpy as np

from facerec_tf.alignment.face import Face
from facerec_tf.alignment.similarity import similarity_transform
from facerec_tf.alignment.templates import ARCFACE_112

_POINTS = ARCFACE_112.points
_EYES = float(np.linalg.norm(_POINTS[1] - _POINTS[0]))

#: Largest distance of aligned landmarks from the template, root mean square, relative to the
#: distance between its eyes. The largest of LFW's 13,233 faces is 0.39, of a face in profile.
_MAX_ERROR = 0.5

#: Distance between the eyes of a frontal face relative to the square root of the box's area, as the
#: size of all five landmarks gives it. LFW's faces have 0.32 to 0.43.
_MIN_SHARE, _MAX_SHARE = 0.25, 0.6


def implausibility(face: Face) -> str | None:
    """Returns why the landmarks cannot be those of the face in the box, or None if they can.

    The face may be turned by any angle in the image plane.
    """
    left_eye, right_eye, _, left_mouth, right_mouth = np.asarray(face.landmarks, np.float64)
    across = right_eye - left_eye + right_mouth - left_mouth
    down = left_mouth - left_eye + right_mouth - right_eye
    if across[0] * down[1] - across[1] * down[0] <= 0:
        return "implausible landmarks: the mouth is above the eyes, or left and right are exchanged"
    transform = similarity_transform(face.landmarks, _POINTS)
    aligned = face.landmarks @ transform[:, :2].T + transform[:, 2]
    error = float(np.sqrt(np.square(aligned - _POINTS).sum(axis=1).mean())) / _EYES
    if error > _MAX_ERROR:
        return (
            f"implausible landmarks: after alignment they are {error:.0%} of the distance between "
            f"the eyes from those of a face, more than {_MAX_ERROR:.0%}"
        )
    eyes = _EYES / float(np.linalg.norm(transform[:, 0]))
    side = float(np.sqrt(max(face.area, 0)))
    if not _MIN_SHARE * side <= eyes <= _MAX_SHARE * side:
        return (
            f"implausible landmarks: by their size, the eyes are {eyes:.4g} pixels apart in a box "
            f"of {side:.4g} pixels, expected {_MIN_SHARE:.0%} to {_MAX_SHARE:.0%} of the box"
        )
    return None
