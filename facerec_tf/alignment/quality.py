"""What a face must be to be used."""

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
    """Limits that a face must keep; None is no limit.

    Attributes:
        min_size: Pixels of the box's shorter side.
        min_score: The detector's confidence, 0 to 1.
        min_sharpness: What `sharpness` says of the crop; it depends on the crop's size.
        max_yaw: Radians that the head is turned aside at most.
        max_pitch: Radians that it looks up or down.
        max_roll: Radians that it is tilted.

    Raises:
        ArgumentError: If a limit is out of its range.
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
        """Returns why a face is not used, or None if it is.

        Args:
            face: As it was detected.
            crop: The same, aligned; uint8 RGB `[height, width, 3]`.
        """
        return next(self._faults(face, crop), None)

    def _faults(self, face: Face, crop: np.ndarray) -> Iterator[str]:
        if _is_less(face.size, self.min_size):
            yield f"the face is {face.size:.4g} pixels wide, fewer than {self.min_size:g}"
        if _is_less(face.score, self.min_score):
            yield f"the face's score is {face.score:.4g}, less than {self.min_score:g}"
        pose = head_pose(face.landmarks)
        for turned, angle, limit in (
            ("turned aside", pose.yaw, self.max_yaw),
            ("turned up or down", pose.pitch, self.max_pitch),
            ("tilted", pose.roll, self.max_roll),
        ):
            if limit is not None and abs(angle) > limit:
                degrees, most = math.degrees(abs(angle)), math.degrees(limit)
                yield f"the face is {turned} by {degrees:.4g}°, more than {most:.4g}°"
        if self.min_sharpness is not None:
            value = sharpness(crop)
            if value < self.min_sharpness:
                yield f"the face's sharpness is {value:.4g}, less than {self.min_sharpness:g}"


def sharpness(crop: np.ndarray) -> float:
    """Returns the variance of the Laplacian (Pech-Pacheco et al., ICPR 2000), in grey levels².

    What lies outside the photograph, black, does not count, nor do the pixels next to it.

    Args:
        crop: uint8 RGB `[height, width, 3]`.
    """
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    # Its last row is half black, by interpolation, and enters the Laplacian of the one before.
    inside = cv2.erode((grey > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return float(cv2.Laplacian(grey, cv2.CV_64F)[inside].var()) if inside.any() else 0.0


def _is_less(value: float, limit: float | None) -> bool:
    return limit is not None and value < limit
