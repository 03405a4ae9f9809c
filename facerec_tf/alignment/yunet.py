"""YuNet, OpenCV's face detector."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import cv2
import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face
from facerec_tf.alignment.looks import looks
from facerec_tf.alignment.model_file import find_model
from facerec_tf.core.errors import DataError, require_share

#: Of two boxes that overlap by more, the surer one is kept.
_MAX_OVERLAP = 0.3


class YuNet(Detector):
    """YuNet (Wu et al., "YuNet: A Tiny Millisecond-level Face Detector", 2023) through OpenCV.

    It sees faces of 16 pixels and more.

    Args:
        model: The ONNX file; by default the one in the user's cache.
        sha256: What the file must hash to, if it is none of the published ones.
        fetch: Whether to download the file to the cache if it is not there.
        min_score: Least confidence of a face.

    Raises:
        ArgumentError: If `min_score` is out of its range.
        DataError: If there is no such file, or it is another than it should be.
    """

    least_score = 0.6

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
                raise DataError(f"OpenCV reads no YuNet from '{path}': {error.err}.") from None

    def detect(self, image: np.ndarray) -> list[Face]:
        """Returns the faces in an RGB photograph, uint8 `[height, width, 3]`, the surest first."""
        for scaled, scale in looks(image):
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
    """Silences OpenCV 5's warning of a target that it then does without."""
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)
