"""How photographs are aligned: the options of every command that cuts faces out."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from facerec_tf.alignment import (
    DETECTORS,
    POLICIES,
    TEMPLATES,
    Aligner,
    Detector,
    QualityGates,
    Template,
    facenet_template,
)
from facerec_tf.config import option
from facerec_tf.core.errors import ArgumentError, require_between
from facerec_tf.core.lookup import lookup, require_known
from facerec_tf.photographs.crops import FaceCropper


@dataclasses.dataclass(frozen=True)
class AlignmentOptions:
    """What detector, which face, which crop, and how good it must be."""

    detector: str = option("yunet", "What finds the faces: yunet or mtcnn.")
    detector_model: str | None = option(
        None, "YuNet's ONNX file; default: the one in the user's cache."
    )
    detector_sha256: str | None = option(
        None, "What that file must hash to, if it is none of the published ones."
    )
    fetch_detector: bool = option(False, "Download YuNet to the cache if it is not there.")
    min_score: float | None = option(
        None, "Reject faces of less confidence; default: yunet 0.6, mtcnn 0.8."
    )
    face: str = option(
        "center", "Which face of several: largest, center, all, or only (others are rejected)."
    )
    alignment: str = option("arcface-112", f"Where landmarks go: {', '.join(TEMPLATES)}.")
    margin: float | None = option(
        None, "Of a facenet alignment: pixels of the crop around the face, both sides together."
    )
    min_face: float | None = option(None, "Reject faces whose box is narrower, in pixels.")
    min_sharpness: float | None = option(
        None, "Reject crops whose Laplacian varies less: 5 % of LFW's are below 60."
    )
    max_yaw: float | None = option(None, "Reject faces turned further aside, in degrees.")
    max_pitch: float | None = option(None, "Reject faces turned further up or down, in degrees.")
    max_roll: float | None = option(None, "Reject faces tilted further, in degrees.")
    jpeg_quality: int = option(95, "Of the crops, 1 to 100.")

    def __post_init__(self) -> None:
        require_known(self.detector, DETECTORS, "detector")
        require_known(self.face, POLICIES, "face")
        require_between("jpeg_quality", self.jpeg_quality, 1, 100)
        if self.detector != "yunet":
            for name in ("detector_model", "detector_sha256", "fetch_detector"):
                if getattr(self, name):
                    raise ArgumentError(
                        f"Flag --{name} is not used with --detector={self.detector}, only with "
                        "--detector=yunet."
                    )
        self.template()
        self.gates()

    def template(self) -> Template:
        """Returns where the landmarks go.

        Raises:
            ArgumentError: If there is no such alignment, or it takes no margin.
        """
        template = lookup(TEMPLATES, self.alignment, "alignment")
        if self.margin is None:
            return template
        if not self.alignment.startswith("facenet"):
            raise ArgumentError(f"Flag --margin is not used with --alignment={self.alignment}.")
        return facenet_template(template.size, self.margin)

    def gates(self) -> QualityGates:
        """Returns what a face must be to be used."""
        angles = {"max_yaw": self.max_yaw, "max_pitch": self.max_pitch, "max_roll": self.max_roll}
        return QualityGates(
            min_size=self.min_face,
            min_score=self.min_score,
            min_sharpness=self.min_sharpness,
            **{name: angle and math.radians(angle) for name, angle in angles.items()},
        )

    def make_detector(self) -> Detector:
        """Returns a detector for one thread.

        Raises:
            UserError: If its package or its file is missing, or the file another than it should be.
        """
        kind = DETECTORS[self.detector]
        score = min(self.min_score or kind.least_score, kind.least_score)
        return kind(min_score=score, **self._yunet_options())

    def crop_photo(self) -> FaceCropper:
        """Returns what cuts faces out; see `make_detector` for what may be wrong.

        The first detector is made now, so that what is wrong is said before work starts.
        """
        detectors = [self.make_detector()]

        def make_aligner() -> Aligner:
            detector = detectors.pop() if detectors else self.make_detector()
            return Aligner(detector, self.template(), self.face, self.gates())

        return FaceCropper(make_aligner, self.jpeg_quality)

    def described(self) -> dict[str, Any]:
        """Returns what the crops depend on, for a journal."""
        where = ("detector_model", "fetch_detector")
        return {k: v for k, v in dataclasses.asdict(self).items() if k not in where}

    def _yunet_options(self) -> dict[str, Any]:
        if self.detector != "yunet":
            return {}
        return {
            "model": self.detector_model,
            "sha256": self.detector_sha256,
            "fetch": self.fetch_detector,
        }
