"""Detection, selection, cropping and quality limits: photograph → aligned crops."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face, RejectedFaceError
from facerec_tf.alignment.plausibility import implausibility
from facerec_tf.alignment.quality import QualityGates
from facerec_tf.alignment.similarity import crop
from facerec_tf.alignment.table import POLICIES
from facerec_tf.alignment.templates import ARCFACE_112, Template
from facerec_tf.alignment.turns import turned_back, turned_image
from facerec_tf.core.lookup import require_known


class Aligned(NamedTuple):
    """A face and its crop.

    Attributes:
        face: The face, in the coordinates of the photograph.
        crop: uint8 `[height, width, 3]`, RGB.
    """

    face: Face
    crop: np.ndarray


#: How much higher the score of a face in a turned photograph must be for the turn to be used.
_CLEARLY = 0.01


class _Candidate(NamedTuple):
    """The photograph after a turn, and the faces found in it.

    Attributes:
        quarters: The turn, counter-clockwise, in units of 90 degrees.
        image: The turned photograph, uint8 `[height, width, 3]`, RGB.
        faces: Its faces with plausible landmarks, by descending score.
    """

    quarters: int
    image: np.ndarray
    faces: list[Face]

    @property
    def score(self) -> float:
        return self.faces[0].score if self.faces else 0.0


@dataclasses.dataclass(frozen=True)
class Aligner:
    """Detects, selects and crops faces and applies quality limits. Use one instance per thread.

    Detectors also find faces in photographs that are turned but have no Exif tag for it. The
    landmarks of these faces are wrong, and the confidence is lower than in the upright photograph.

    Attributes:
        detector: The face detector.
        template: Target positions of the landmarks, and the size of the crops.
        policy: Which of several faces to use: `largest`, `center`, `all` or `only`.
        gates: The quality limits.
        check_landmarks: Whether to reject faces with implausible landmarks, and photographs with a
            doubtful face that are clearly better turned.
        try_rotations: Whether to turn photographs in which faces are clearly better found so. The
            quality limits then apply to the turned photograph.

    Raises:
        ArgumentError: If `policy` is unknown.
    """

    detector: Detector
    template: Template = ARCFACE_112
    policy: str = "center"
    gates: QualityGates = dataclasses.field(default_factory=QualityGates)
    check_landmarks: bool = True
    try_rotations: bool = False

    def __post_init__(self) -> None:
        require_known(self.policy, POLICIES, "face")

    def align(self, image: np.ndarray) -> list[Aligned]:
        """Returns the faces of a photograph that the policy selects and that keep all limits.

        Args:
            image: uint8 `[height, width, 3]`, RGB.

        Raises:
            RejectedFaceError: If there are none; the message gives the reason.
        """
        quarters, turned, faces = self._find(image)
        # Detections below the least score must not win the selection.
        sure = [face for face in faces if face.score >= (self.gates.min_score or 0)]
        selected = POLICIES[self.policy](sure or faces[:1], turned.shape[:2])
        passed: list[Aligned] = []
        faults: list[str] = []
        for face in selected:
            aligned = Aligned(face, crop(turned, face.landmarks, self.template))
            if fault := self.gates.fault(*aligned):
                faults.append(fault)
            else:
                original = turned_back(face, quarters, image.shape[:2]) if quarters else face
                passed.append(aligned._replace(face=original))
        if not passed:
            raise RejectedFaceError("; ".join(faults))
        return passed

    def _find(self, image: np.ndarray) -> _Candidate:
        """Returns the faces of the photograph, or of the turn in which they are clearly better."""
        found = self.detector.detect(image)
        unturned = _Candidate(0, image, self._plausible(found))
        best = unturned
        if self._is_unsure(unturned):
            turns = [self._turned(image, quarters) for quarters in (1, 2, 3)]
            other = max(turns, key=lambda candidate: candidate.score)
            if other.score > unturned.score + _CLEARLY:
                best = other
        if best.quarters and not self.try_rotations:
            raise RejectedFaceError(
                f"turned photograph: a face is found more clearly after a turn by "
                f"{90 * best.quarters}° ({best.score:.2f}, before {unturned.score:.2f}); "
                "--try_rotations uses it"
            )
        if best.faces:
            return best
        if found and (reason := implausibility(found[0])):
            raise RejectedFaceError(reason)
        raise RejectedFaceError("no face was found")

    def _is_unsure(self, unturned: _Candidate) -> bool:
        if self.try_rotations:
            return unturned.score < self.detector.upright_score
        doubtful = self.check_landmarks and bool(unturned.faces)
        return doubtful and unturned.score < self.detector.doubtful_score

    def _turned(self, image: np.ndarray, quarters: int) -> _Candidate:
        turned = turned_image(image, quarters)
        return _Candidate(quarters, turned, self._plausible(self.detector.detect(turned)))

    def _plausible(self, faces: list[Face]) -> list[Face]:
        if not self.check_landmarks:
            return faces
        return [face for face in faces if implausibility(face) is None]
