"""The interface of all face detectors."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from facerec_tf.alignment.face import Face


class Detector(abc.ABC):
    """Finds faces and their five landmarks. Use one instance per thread.

    Attributes:
        least_score: Default of the least confidence that a face must have.
        doubtful_score: Confidence below which the photograph may be turned: the faces found after
            turns by 90, 180 and 270 degrees are compared. 0 to compare none.
        upright_score: Confidence that faces reach in upright photographs only; 1 if unknown.
    """

    least_score: ClassVar[float]
    doubtful_score: ClassVar[float] = 0.0
    upright_score: ClassVar[float] = 1.0

    @abc.abstractmethod
    def detect(self, image: np.ndarray) -> list[Face]:
        """Returns the faces in a photograph, by descending confidence.

        Args:
            image: uint8 `[height, width, 3]`, RGB.
        """

    def detect_batch(self, images: Sequence[np.ndarray]) -> list[list[Face]]:
        """Returns the faces of each of several photographs, which may differ in size."""
        return [self.detect(image) for image in images]
