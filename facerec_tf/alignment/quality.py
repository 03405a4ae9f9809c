"""Quality limits that a face must keep to be used."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import cv2
import numpy as np

from facerec_tf.alignment.face import Face
from facerec_tf.alignment.pose import head_pose
from facerec_tf.core.errors import require_between, require_positive


@dataclasses.dataclass(frozen=True)
class QualityGates:
    """Quality limits; None means that there is no limit.

    Attributes:
        min_size: Least length of the box's shorter side, in pixels.
        min_score: Least confidence of the detector, 0 to 1.
        min_sharpness: Least `sharpness` of the crop; it depends on the crop's size.
        max_yaw: Largest angle to the left or right, in radians.
        max_pitch: Largest angle up or down, in radians.
        max_roll: Largest tilt, in radians.

    Raises:
        ArgumentError: If a limit is not positive, or `min_score` is above 1.
    """

    min_size: float | None = None
    min_score: float | None = None
    min_sharpness: float | None = None
    max_yaw: float | None = None
    max_pitch: float | None = None
    max_roll: float | None = None

    def __post_init__(self) -> None:
        for name, limit in dataclasses.asdict(self).items():
            if limit is not None:
                require_positive(name, limit)
        if self.min_score is not None:
            require_between("min_score", self.min_score, 0, 1)

    def fault(self, face: Face, crop: np.ndarray) -> str | None:
        """Returns the first limit that a face exceeds, or None if it keeps all.

        The text begins with the cause and a colon: "too small: the face is 13 pixels wide, …".

        Args:
            face: The face as detected.
            crop: Its aligned crop, uint8 `[height, width, 3]`, RGB.
        """
        return next(self._faults(face, crop), None)

    def _faults(self, face: Face, crop: np.ndarray) -> Iterator[str]:
        if self.min_size is not None and face.size < self.min_size:
            found = f"the face is {face.size:.4g} pixels wide"
            yield f"too small: {found}, fewer than {self.min_size:g}"
        if self.min_score is not None and face.score < self.min_score:
            yield f"unsure: the face's score is {face.score:.4g}, less than {self.min_score:g}"
        pose = head_pose(face.landmarks)
        for turned, angle, limit in (
            ("turned sideways", pose.yaw, self.max_yaw),
            ("turned up or down", pose.pitch, self.max_pitch),
            ("tilted", pose.roll, self.max_roll),
        ):
            if limit is not None and abs(angle) > limit:
                degrees, most = math.degrees(abs(angle)), math.degrees(limit)
                yield f"{turned}: by {degrees:.4g}°, more than {most:.4g}°"
        if self.min_sharpness is not None:
            value = sharpness(crop)
            if value < self.min_sharpness:
                found = f"the face's sharpness is {value:.4g}"
                yield f"blurred: {found}, less than {self.min_sharpness:g}"


def sharpness(crop: np.ndarray) -> float:
    """Returns the variance of the Laplacian (Pech-Pacheco et al., ICPR 2000), in grey levels².

    Ignores the black pixels outside the photograph and those next to them.

    Args:
        crop: uint8 `[height, width, 3]`, RGB.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    # Interpolation darkens the photograph's last row, and the Laplacian reaches one row further.
    inside = cv2.erode((grey > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return float(cv2.Laplacian(grey, cv2.CV_64F)[inside].var()) if inside.any() else 0.0
