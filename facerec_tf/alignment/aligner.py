"""From a photograph to the aligned crops of its faces."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face
from facerec_tf.alignment.quality import QualityGates
from facerec_tf.alignment.rejected_face import RejectedFaceError
from facerec_tf.alignment.selection import POLICIES, select
from facerec_tf.alignment.similarity import crop
from facerec_tf.alignment.templates import ARCFACE_112, Template
from facerec_tf.core.lookup import require_known


class Aligned(NamedTuple):
    """A face, and its crop, uint8 `[height, width, 3]`."""

    face: Face
    crop: np.ndarray


@dataclasses.dataclass(frozen=True)
class Aligner:
    """Detects, chooses, crops and judges faces. One instance serves one thread.

    Attributes:
        detector: What finds them.
        template: Where their landmarks go, and the size of the crops.
        policy: Which of several are taken: `largest`, `center`, `all` or `only`.
        gates: What a face must be to be used.

    Raises:
        ArgumentError: If there is no such policy.
    """

    detector: Detector
    template: Template = ARCFACE_112
    policy: str = "center"
    gates: QualityGates = dataclasses.field(default_factory=QualityGates)

    def __post_init__(self) -> None:
        require_known(self.policy, POLICIES, "face")

    def align(self, image: np.ndarray) -> list[Aligned]:
        """Returns the faces of an RGB photograph that the policy takes and the gates let through.

        Args:
            image: uint8 `[height, width, 3]`.

        Raises:
            RejectedFaceError: If there are none; says why.
        """
        faces = self.detector.detect(image)
        if not faces:
            raise RejectedFaceError("no face was found")
        # Not to be chosen among: what is hardly a face.
        sure = [face for face in faces if face.score >= (self.gates.min_score or 0)]
        passed, faults = [], []
        for face in select(sure or faces[:1], self.policy, image.shape[:2]):
            aligned = Aligned(face, crop(image, face.landmarks, self.template))
            if fault := self.gates.fault(*aligned):
                faults.append(fault)
            else:
                passed.append(aligned)
        if not passed:
            raise RejectedFaceError("; ".join(faults))
        return passed
