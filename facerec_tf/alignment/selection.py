"""Policies that select among several faces in a photograph; `table.POLICIES` names them.

Each takes the detected faces, at least one, and the photograph's height and width, and returns the
selected faces in an order that does not depend on the order of detection.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from facerec_tf.alignment.face import Face, RejectedFaceError


def largest_face(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    """Returns the face of the largest area."""
    return all_faces(faces, image_size)[:1]


def central_face(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    """Returns the face nearest to the middle of the photograph.

    Only faces at least half as wide as the widest are candidates: somebody in the background may
    be nearer to the middle than the person photographed.
    """
    middle = np.array(image_size[::-1]) / 2
    widest = max(face.size for face in faces)
    large = [face for face in faces if face.size >= widest / 2]
    return [min(large, key=lambda face: float(np.linalg.norm(face.center - middle)))]


def all_faces(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    """Returns all faces, the largest first."""
    return sorted(faces, key=lambda face: face.area, reverse=True)


def only_face(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    """Returns the only face.

    Raises:
        RejectedFaceError: If there are several.
    """
    if len(faces) > 1:
        raise RejectedFaceError(f"several faces: it shows {len(faces)}, where only one is allowed")
    return list(faces)
