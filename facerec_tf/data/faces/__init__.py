"""Drawn faces: a face-recognition data set that fits in a few hundred lines.

An *identity* is what a person keeps (bones, features, colours); a *nuisance* is what one photograph
adds (pose, expression, light, occlusion, camera). Both are pure functions of integers, so image
`index` of `identity` under `seed` is the same array on every machine with the same library
versions, in any order and however many identities there are. Crops follow the ArcFace template.

Lengths are pixels of the 112 x 112 crop for an upright frontal head, in *head coordinates*: origin
at the head's centre, x to the image's right, y down, z towards the viewer. Angles are radians,
colours RGB in 0..1.
"""

from __future__ import annotations

import numpy as np

from facerec_tf.data.faces.draw import draw_face
from facerec_tf.data.faces.identity import Identity, sample_identity
from facerec_tf.data.faces.nuisance import Nuisance, sample_nuisance

__all__ = [
    "Identity",
    "Nuisance",
    "draw_face",
    "sample_identity",
    "sample_nuisance",
    "synthetic_face",
]


def synthetic_face(seed: int, identity: int, index: int) -> np.ndarray:
    """Draws one photograph of one synthetic person.

    Args:
        seed: non-negative integer, names the population.
        identity: non-negative integer, names the person within it.
        index: non-negative integer, names the photograph of that person.

    Returns:
        uint8 array `[112, 112, 3]`, RGB, aligned to the ArcFace template.
    """
    return draw_face(sample_identity(seed, identity), sample_nuisance(seed, identity, index))
