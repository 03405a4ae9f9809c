"""The detectors there are, by name."""

from __future__ import annotations

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.mtcnn import MTCNN
from facerec_tf.alignment.yunet import YuNet

#: Name → class.
DETECTORS: dict[str, type[Detector]] = {"mtcnn": MTCNN, "yunet": YuNet}
