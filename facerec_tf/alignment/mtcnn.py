"""MTCNN, the detector of FaceNet and its time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face
from facerec_tf.alignment.looks import looks
from facerec_tf.core.errors import require_share
from facerec_tf.core.extras import load_extra


class MTCNN(Detector):
    """MTCNN (Zhang et al., arXiv 1604.02878) through the package `mtcnn`, which has the weights.

    It sees faces of 20 pixels and more. Photographs of different sizes it can only take one by
    one, so `detect_batch` is a loop; batches of one size would gain a fifth.

    Args:
        min_score: Least confidence of a face, in the last of the three networks.

    Raises:
        ArgumentError: If `min_score` is out of its range.
        UserError: If the package is missing.
    """

    least_score = 0.8

    def __init__(self, *, min_score: float = least_score) -> None:
        require_share("min_score", min_score)
        package, stages = load_extra("mtcnn"), load_extra("mtcnn.stages")
        import tensorflow as tf  # Seconds, which nobody pays who detects by something else.

        # By their bare names the package would first look for pickles in the working folder.
        weights = Path(package.__file__).parent / "assets" / "weights"
        chain = [
            stages.StagePNet(weights=str(weights / "pnet.lz4")),
            stages.StageRNet(weights=str(weights / "rnet.lz4")),
            stages.StageONet(weights=str(weights / "onet.lz4")),
        ]
        for stage in chain:
            # The package calls layer after layer from Python: thrice as long for the same faces.
            stage.model.call = tf.function(stage.model.call, reduce_retracing=True)
        self._detector = package.MTCNN(stages=chain)
        self._min_score = min_score

    def detect(self, image: np.ndarray) -> list[Face]:
        """Returns the faces in an RGB photograph, uint8 `[height, width, 3]`, the surest first."""
        for scaled, scale in looks(image):
            # Its dictionaries round to whole pixels, its arrays do not.
            rows = self._detector.detect_faces(
                scaled, output_type="numpy", fit_to_image=False, threshold_onet=self._min_score
            )
            if len(rows):
                return [_face(row.astype(np.float32), scale) for row in rows]
        return []


def _face(row: np.ndarray, scale: float) -> Face:
    """Returns the face of a row: image, box, score, five x, five y; pixel centres are whole."""
    landmarks = (row[6:16].reshape(2, 5).T + 0.5) / scale - 0.5
    return Face(row[1:5] / scale, float(row[5]), landmarks)
