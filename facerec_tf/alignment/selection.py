"""Which of several faces in a photograph is meant."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from facerec_tf.alignment.face import Face
from facerec_tf.alignment.rejected_face import RejectedFaceError
from facerec_tf.core.lookup import lookup


def select(faces: Sequence[Face], policy: str, image_size: tuple[int, int]) -> list[Face]:
    """Returns the faces that `policy` takes, in a fixed order.

    Args:
        faces: What a detector found, at least one.
        policy: `largest` by area; `center`, of those that are at least half as wide as the widest
            the nearest to the photograph's middle; `all`, largest first; `only`, where there must
            be no other.
        image_size: Height and width of the photograph.

    Raises:
        ArgumentError: If there is no such policy.
        RejectedFaceError: By `only`, if there are several.
    """
    return lookup(POLICIES, policy, "face")(faces, image_size)


def _largest(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    return _all(faces, image_size)[:1]


def _center(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    middle = np.array(image_size[::-1]) / 2
    # Someone in the background may stand nearer to the middle than who was photographed.
    widest = max(face.size for face in faces)
    large = [face for face in faces if face.size >= widest / 2]
    return [min(large, key=lambda face: float(np.linalg.norm(face.center - middle)))]


def _all(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    return sorted(faces, key=lambda face: face.area, reverse=True)


def _only(faces: Sequence[Face], image_size: tuple[int, int]) -> list[Face]:
    if len(faces) > 1:
        raise RejectedFaceError(f"it shows {len(faces)} faces, where only one is allowed")
    return list(faces)


#: Policy → from faces and the photograph's height and width to the faces that are taken.
POLICIES: dict[str, Callable[[Sequence[Face], tuple[int, int]], list[Face]]] = {
    "largest": _largest,
    "center": _center,
    "all": _all,
    "only": _only,
}
