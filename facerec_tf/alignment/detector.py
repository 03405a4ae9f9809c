"""Detector: one interface for whatever finds faces."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from facerec_tf.alignment.face import Face


class Detector(abc.ABC):
    """Finds faces and their five landmarks. One instance serves one thread.

    Attributes:
        least_score: Confidence that a face must have, unless the constructor is told otherwise.
    """

    least_score: ClassVar[float]

    @abc.abstractmethod
    def detect(self, image: np.ndarray) -> list[Face]:
        """Returns the faces in an RGB photograph, the surest first.

        Args:
            image: uint8 `[height, width, 3]`.
        """

    def detect_batch(self, images: Sequence[np.ndarray]) -> list[list[Face]]:
        """Returns the faces of each of several photographs, whatever their sizes."""
        return [self.detect(image) for image in images]
