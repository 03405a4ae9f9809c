"""A detected face."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Face(NamedTuple):
    """Position of a face in a photograph, in pixels from the top left corner.

    Attributes:
        box: float32 `[4]`: x and y of the top left corner, width and height.
        score: The detector's confidence, 0 to 1.
        landmarks: float32 `[5, 2]`: x and y of the image-left eye, the image-right eye, the nose,
            the image-left and the image-right corner of the mouth.
    """

    box: np.ndarray
    score: float
    landmarks: np.ndarray

    @property
    def size(self) -> float:
        """The shorter side of the box in pixels."""
        return float(min(self.box[2], self.box[3]))

    @property
    def area(self) -> float:
        """The area of the box in pixels."""
        return float(self.box[2] * self.box[3])

    @property
    def center(self) -> np.ndarray:
        """The middle of the box, float32 `[2]`: x and y in pixels."""
        return self.box[:2] + self.box[2:] / 2


class RejectedFaceError(Exception):
    """No face of a photograph can be used; the message gives the reason, without the file name."""
