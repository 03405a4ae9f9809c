"""Detection, selection, cropping and quality limits: photograph → aligned crops."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face, RejectedFaceError
from facerec_tf.alignment.quality import QualityGates
from facerec_tf.alignment.similarity import crop
from facerec_tf.alignment.table import POLICIES
from facerec_tf.alignment.templates import ARCFACE_112, Template
from facerec_tf.core.lookup import require_known


class Aligned(NamedTuple):
    """A face and its crop.

    Attributes:
        face: The face, in the coordinates of the photograph.
        crop: uint8 `[height, width, 3]`, RGB.
    """

    face: Face
    crop: np.ndarray


@dataclasses.dataclass(frozen=True)
class Aligner:
    """Detects, selects and crops faces and applies quality limits. Use one instance per thread.

    Attributes:
        detector: The face detector.
        template: Target positions of the landmarks, and the size of the crops.
        policy: Which of several faces to use: `largest`, `center`, `all` or `only`.
        gates: The quality limits.

    Raises:
        ArgumentError: If `policy` is unknown.
    """

    detector: Detector
    template: Template = ARCFACE_112
    policy: str = "center"
    gates: QualityGates = dataclasses.field(default_factory=QualityGates)

    def __post_init__(self) -> None:
        require_known(self.policy, POLICIES, "face")

    def align(self, image: np.ndarray) -> list[Aligned]:
        """Returns the faces of a photograph that the policy selects and that keep all limits.

        Args:
            image: uint8 `[height, width, 3]`, RGB.

        Raises:
            RejectedFaceError: If there are none; the message gives the reason.
        """
        faces = self.detector.detect(image)
        if not faces:
            raise RejectedFaceError("no face was found")
        # Detections below the least score must not win the selection.
        sure = [face for face in faces if face.score >= (self.gates.min_score or 0)]
        selected = POLICIES[self.policy](sure or faces[:1], image.shape[:2])
        passed: list[Aligned] = []
        faults: list[str] = []
        for face in selected:
            aligned = Aligned(face, crop(image, face.landmarks, self.template))
            if fault := self.gates.fault(*aligned):
                faults.append(fault)
            else:
                passed.append(aligned)
        if not passed:
            raise RejectedFaceError("; ".join(faults))
        return passed
