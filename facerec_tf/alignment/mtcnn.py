"""The face detector MTCNN."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face
from facerec_tf.alignment.scales import scaled_images
from facerec_tf.core.errors import require_share
from facerec_tf.core.extras import load_extra


class MTCNN(Detector):
    """MTCNN (Zhang et al., arXiv 1604.02878), by the package `mtcnn`, which contains the weights.

    Finds faces of 20 pixels or more. The package batches only images of the same size, which gains
    a fifth; `detect_batch` therefore is a loop.

    Args:
        min_score: Least confidence of a face, by the last of the three networks.

    Raises:
        ArgumentError: If `min_score` is not between 0 and 1.
        UserError: If the package is missing, or cannot be imported.
    """

    least_score = 0.8
    # 4 % of 201 photographs of LFW score below 0.98, and a quarter below 0.998. Turned by 90 or 180
    # degrees, 4 % reach 0.98 and none 0.998.
    doubtful_score = 0.98
    upright_score = 0.998

    def __init__(self, *, min_score: float = least_score) -> None:
        require_share("min_score", min_score)
        package, stages = load_extra("mtcnn"), load_extra("mtcnn.stages")
        import tensorflow as tf  # Takes seconds, which users of other detectors need not wait.

        # Given bare names, the package would first look for pickles in the working directory.
        weights = Path(str(package.__file__)).parent / "assets" / "weights"
        chain = [
            stages.StagePNet(weights=str(weights / "pnet.lz4")),
            stages.StageRNet(weights=str(weights / "rnet.lz4")),
            stages.StageONet(weights=str(weights / "onet.lz4")),
        ]
        for stage in chain:
            # The package calls the layers one by one from Python, which takes three times as long.
            stage.model.call = tf.function(stage.model.call, reduce_retracing=True)
        self._detector = package.MTCNN(stages=chain)
        self._min_score = min_score

    def detect(self, image: np.ndarray) -> list[Face]:
        """Returns the faces in an RGB photograph, uint8 `[height, width, 3]`, best score first."""
        for scaled, scale in scaled_images(image):
            # The package rounds its dictionaries to whole pixels, but not its arrays.
            rows = self._detector.detect_faces(
                scaled, output_type="numpy", fit_to_image=False, threshold_onet=self._min_score
            )
            if len(rows):
                return [_face(row.astype(np.float32), scale) for row in rows]
        return []


def _face(row: np.ndarray, scale: float) -> Face:
    """Converts a row of the package: image, box, score, five x, five y.

    Its coordinates put the centres of pixels at whole numbers.
    """
    landmarks = (row[6:16].reshape(2, 5).T + 0.5) / scale - 0.5
    return Face(row[1:5] / scale, float(row[5]), landmarks)
