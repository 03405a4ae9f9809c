"""A face that a detector found."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Face(NamedTuple):
    """Where a face is in a photograph, in pixels from its top left corner.

    Attributes:
        box: float32 `[4]`: x and y of the top left corner, width and height.
        score: The detector's confidence, 0 to 1.
        landmarks: float32 `[5, 2]`: x and y of the eye on the image's left, that on its right, the
            nose, and the corners of the mouth on the image's left and right.
    """

    box: np.ndarray
    score: float
    landmarks: np.ndarray

    @property
    def size(self) -> float:
        """The shorter side of the box."""
        return float(min(self.box[2], self.box[3]))

    @property
    def area(self) -> float:
        """Pixels of the box."""
        return float(self.box[2] * self.box[3])

    @property
    def center(self) -> np.ndarray:
        """float32 `[2]`: the middle of the box."""
        return self.box[:2] + self.box[2:] / 2
