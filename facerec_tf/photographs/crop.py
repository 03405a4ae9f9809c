"""A face crop, and the type of the functions that make it from a photograph."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

from facerec_tf.alignment import Face
from facerec_tf.photographs.photo import Photo


class Crop(NamedTuple):
    """A face crop.

    Attributes:
        name: `PERSON/FILE.jpg`; unique.
        person: Name of the person shown.
        encoded: Its JPEG bytes.
        face: The detected face, or None if no detector was used.
    """

    name: str
    person: str
    encoded: bytes
    face: Face | None


#: From a photograph to its crops. Raises `UnreadableError` or `RejectedFaceError` if it has none.
Cropper = Callable[[Photo], list[Crop]]


def crop_name(photo: str, number: int = 1) -> str:
    """Returns the name of crop `number` of a photograph; its suffix is always that of a JPEG."""
    stem, suffix = os.path.splitext(photo)
    if suffix.lower() not in (".jpg", ".jpeg"):
        stem, suffix = photo, ".jpg"
    numbered = f".face{number}" if number > 1 else ""
    return stem + numbered + suffix
