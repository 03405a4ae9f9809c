"""Tables of names: detectors, policies that select among several faces, and crop templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from facerec_tf.alignment.detector import Detector
from facerec_tf.alignment.face import Face
from facerec_tf.alignment.mtcnn import MTCNN
from facerec_tf.alignment.selection import all_faces, central_face, largest_face, only_face
from facerec_tf.alignment.templates import (
    ARCFACE_112,
    ARCFACE_112X96,
    FACENET_SIZES,
    Template,
    facenet_template,
)
from facerec_tf.alignment.yunet import YuNet
from facerec_tf.core.lookup import Registry

#: Name → class.
DETECTORS: Registry[type[Detector]] = Registry({"yunet": YuNet, "mtcnn": MTCNN}, "detector")

#: Name → function from the faces and the photograph's height and width to the selected faces.
POLICIES: Registry[Callable[[Sequence[Face], tuple[int, int]], list[Face]]] = Registry(
    {
        "largest": largest_face,
        "center": central_face,
        "all": all_faces,
        "only": only_face,
    },
    "face",
)

#: Name → template of FaceNet's crops, whose margin can be chosen.
FACENET_TEMPLATES: Registry[Template] = Registry(
    {t.name: t for t in map(facenet_template, FACENET_SIZES)}, "alignment"
)

#: Name → template, as flags and manifests have it.
TEMPLATES: Registry[Template] = Registry(
    {
        ARCFACE_112.name: ARCFACE_112,
        ARCFACE_112X96.name: ARCFACE_112X96,
        **FACENET_TEMPLATES,
    },
    "alignment",
)
