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

#: Name → class.
DETECTORS: dict[str, type[Detector]] = {"mtcnn": MTCNN, "yunet": YuNet}

#: Name → function from the faces and the photograph's height and width to the selected faces.
POLICIES: dict[str, Callable[[Sequence[Face], tuple[int, int]], list[Face]]] = {
    "largest": largest_face,
    "center": central_face,
    "all": all_faces,
    "only": only_face,
}

#: Name → template, as flags and manifests have it.
TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (ARCFACE_112, ARCFACE_112X96, *map(facenet_template, FACENET_SIZES))
}
