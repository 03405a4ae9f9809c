"""The face detector YuNet."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import cv2
import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face
from facerec_tf.alignment.model_file import find_model
from facerec_tf.alignment.scales import scaled_images
from facerec_tf.core.errors import DataError, require_share

#: Of two boxes whose intersection over union is larger, the one of higher score is kept.
_MAX_OVERLAP = 0.3


class YuNet(Detector):
    """YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023), by OpenCV.

    Finds faces of 16 pixels or more.

    Args:
        model: The ONNX file; by default the one in the user's cache, see `find_model`.
        sha256: SHA-256 of the file, if it is not one of the published files.
        fetch: Whether to download the file to the cache if it is missing.
        min_score: Least confidence of a face.

    Raises:
        ArgumentError: If `min_score` is not between 0 and 1.
        DataError: If the file is missing, has another SHA-256, or is not a YuNet model.
    """

    least_score = 0.6
    # 0.2 % of LFW's 13,233 photographs score below 0.90, and 5 % below 0.92. Of 2,206 of them that
    # are turned by 180 degrees, 8 % reach 0.90 and none 0.92; turned by 90 degrees, none 0.89.
    doubtful_score = 0.90
    upright_score = 0.92

    def __init__(
        self,
        model: str | os.PathLike | None = None,
        *,
        sha256: str | None = None,
        fetch: bool = False,
        min_score: float = least_score,
    ) -> None:
        require_share("min_score", min_score)
        path = find_model(model, sha256=sha256, fetch=fetch)
        self._size = (320, 320)
        with _quiet_opencv():
            try:
                self._network = cv2.FaceDetectorYN.create(
                    str(path), "", self._size, min_score, _MAX_OVERLAP
                )
            except cv2.error as error:
                raise DataError(
                    f"OpenCV cannot load a YuNet model from '{path}': {error.err}."
                ) from None

    def detect(self, image: np.ndarray) -> list[Face]:
        """Returns the faces in an RGB photograph, uint8 `[height, width, 3]`, best score first."""
        for scaled, scale in scaled_images(image):
            size = (scaled.shape[1], scaled.shape[0])
            if size != self._size:
                self._network.setInputSize(size)
                self._size = size
            rows = self._network.detect(cv2.cvtColor(scaled, cv2.COLOR_RGB2BGR))[1]
            if rows is not None:
                rows = rows[np.argsort(-rows[:, 14], kind="stable")]
                rows[:, :14] /= scale
                return [Face(row[:4], float(row[14]), row[4:14].reshape(5, 2)) for row in rows]
        return []


@contextlib.contextmanager
def _quiet_opencv() -> Iterator[None]:
    """Silences OpenCV 5's warning about an unavailable target, for which it has a fallback."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
