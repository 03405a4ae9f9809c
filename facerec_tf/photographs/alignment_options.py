"""The options of every command that crops faces from photographs."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Collection
from typing import Any

from facerec_tf.alignment import (
    DETECTORS,
    FACENET_TEMPLATES,
    POLICIES,
    TEMPLATES,
    Aligner,
    Detector,
    QualityGates,
    Template,
    facenet_template,
)
from facerec_tf.config import option
from facerec_tf.core.errors import (
    ArgumentError,
    require_between,
    require_flag,
    require_non_negative,
)
from facerec_tf.core.lookup import lookup, require_known
from facerec_tf.data import CropFormat
from facerec_tf.photographs.face_cropper import FaceCropper
from facerec_tf.photographs.photo_limits import DEFAULT_LIMITS, PhotoLimits

#: Option → argument of the detectors that take it.
_DETECTOR_ARGUMENTS = {
    "detector_model": "model",
    "detector_sha256": "sha256",
    "fetch_detector": "fetch",
}

_LEAST_SCORES = ", ".join(f"{name} {DETECTORS[name].least_score:g}" for name in DETECTORS)


@dataclasses.dataclass(frozen=True)
class AlignmentOptions:
    """Detector, selection among several faces, crop template and quality limits.

    Raises:
        ArgumentError: If a name is unknown, a number is out of its range, or an option is given
            that the chosen detector or template does not use.
    """

    detector: str = option("yunet", f"Face detector: {' or '.join(DETECTORS)}.")
    detector_model: str | None = option(
        None, "YuNet's ONNX file; default: the file in the user's cache."
    )
    detector_sha256: str | None = option(
        None, "SHA-256 of that file, if it is not one of the published files."
    )
    fetch_detector: bool = option(False, "Whether to download YuNet to the cache if it is missing.")
    min_score: float | None = option(
        None, f"Reject faces with a lower confidence; default: {_LEAST_SCORES}."
    )
    face: str = option(
        "center",
        "Face to use if there are several: largest, center, all, or only (the photograph is "
        "rejected).",
    )
    alignment: str = option("arcface-112", f"Crop template: {', '.join(TEMPLATES)}.")
    margin: float | None = option(
        None, "Pixels of a facenet crop around the face, both sides together."
    )
    min_face: float = option(
        20.0,
        "Reject faces whose box has a shorter side, in pixels. Smaller faces than the default are "
        "not recognized reliably; 0 accepts all.",
    )
    min_sharpness: float | None = option(
        None, "Reject crops with a smaller variance of the Laplacian; 5 % of LFW is below 60."
    )
    max_yaw: float | None = option(None, "Reject faces turned further sideways, in degrees.")
    max_pitch: float | None = option(None, "Reject faces turned further up or down, in degrees.")
    max_roll: float | None = option(None, "Reject faces tilted further, in degrees.")
    check_landmarks: bool = option(
        True,
        "Whether to reject faces whose landmarks cannot be those of a face, and photographs in "
        "which a face is found more clearly after a turn.",
    )
    try_rotations: bool = option(
        False,
        "Whether to search for faces also in the photograph turned by 90, 180 and 270 degrees, and "
        "to use the turn in which they are clearly better found.",
    )
    jpeg_quality: int = option(95, "JPEG quality of the crops, 1 to 100.")
    max_file_mb: float = option(
        DEFAULT_LIMITS.max_file_mb, "Reject photographs whose file is larger, in megabytes."
    )
    max_megapixels: float = option(
        DEFAULT_LIMITS.max_megapixels, "Reject photographs of more pixels, in millions; up to 178."
    )

    def __post_init__(self) -> None:
        require_known(self.detector, DETECTORS, "detector")
        require_known(self.face, POLICIES, "face")
        require_between("jpeg_quality", self.jpeg_quality, 1, 100)
        for name, argument in _DETECTOR_ARGUMENTS.items():
            users = [d for d, kind in DETECTORS.items() if argument in _arguments(kind)]
            if getattr(self, name) and self.detector not in users:
                raise ArgumentError(
                    f"Flag --{name} is not used with --detector={self.detector}, only with "
                    f"--detector={' or '.join(users)}."
                )
        require_flag("check_landmarks", self.check_landmarks)
        require_flag("try_rotations", self.try_rotations)
        self.template()
        self.gates()
        self.limits()

    def template(self) -> Template:
        """Returns the crop template.

        Raises:
            ArgumentError: If `alignment` is unknown, or does not use `margin`.
        """
        template = lookup(TEMPLATES, self.alignment, "alignment")
        if self.margin is None:
            return template
        if self.alignment not in FACENET_TEMPLATES:
            raise ArgumentError(f"Flag --margin is not used with --alignment={self.alignment}.")
        return facenet_template(template.size, self.margin)

    def gates(self) -> QualityGates:
        """Returns the quality limits, with angles in radians."""
        require_non_negative("min_face", self.min_face)
        angles = {"max_yaw": self.max_yaw, "max_pitch": self.max_pitch, "max_roll": self.max_roll}
        return QualityGates(
            min_size=self.min_face or None,
            min_score=self.min_score,
            min_sharpness=self.min_sharpness,
            **{name: angle and math.radians(angle) for name, angle in angles.items()},
        )

    def limits(self) -> PhotoLimits:
        """Returns the largest photographs that are used."""
        return PhotoLimits(self.max_file_mb, self.max_megapixels)

    def make_detector(self) -> Detector:
        """Returns a detector for one thread.

        Raises:
            UserError: If its package or its model file is missing, or the file has another SHA-256.
        """
        kind: Callable[..., Detector] = DETECTORS[self.detector]
        least = DETECTORS[self.detector].least_score
        own = {
            argument: getattr(self, name)
            for name, argument in _DETECTOR_ARGUMENTS.items()
            if argument in _arguments(kind)
        }
        # A higher limit is left to the quality limits, whose message names the score.
        return kind(min_score=min(self.min_score or least, least), **own)

    def crop_format(self) -> CropFormat:
        """Returns size and alignment of the crops."""
        template = self.template()
        return CropFormat(template.size, template.name)

    def make_aligner(self, detector: Detector) -> Aligner:
        """Returns the aligner of the thread that uses `detector`."""
        return Aligner(
            detector,
            self.template(),
            self.face,
            self.gates(),
            check_landmarks=self.check_landmarks,
            try_rotations=self.try_rotations,
        )

    def make_cropper(self) -> FaceCropper:
        """Returns the cropper, with one detector made already.

        Raises:
            UserError: As `make_detector` does, before the work starts.
        """
        detectors = [self.make_detector()]

        def make_aligner() -> Aligner:
            return self.make_aligner(detectors.pop() if detectors else self.make_detector())

        return FaceCropper(make_aligner, self.jpeg_quality, self.limits())

    def described(self) -> dict[str, Any]:
        """Returns the options that the crops depend on, for the progress file."""
        places = ("detector_model", "fetch_detector")
        return {k: v for k, v in dataclasses.asdict(self).items() if k not in places}


def _arguments(kind: Callable[..., Detector]) -> Collection[str]:
    """Returns the names of the constructor's arguments."""
    return inspect.signature(kind).parameters
