"""Photographs on disk, and a detector without a model."""

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import ARCFACE_112, Aligner, Detector, Face
from facerec_tf.photographs.face_cropper import FaceCropper
from facerec_tf.photographs.photo import Photo

#: Position and side of the face in a photograph.
CORNER, SIDE = np.array([40.0, 30.0]), 112


def draw(seed, height=180, width=200):
    """Draws a photograph of smooth colours, the same for the same seed."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (7, 8, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)


def as_photo(encoded, name="Ann/1.jpg"):
    """A photograph of Ann, held in memory."""
    return Photo(name, "Ann", encoded=encoded)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


class CornerDetector(Detector):
    """Finds one face, always at the same place, and none in black photographs."""

    def detect(self, image):
        if not image.any():
            return []
        box = np.float32([*CORNER, SIDE, SIDE])
        return [Face(box, 0.9, np.float32(ARCFACE_112.points + CORNER))]


@pytest.fixture(scope="session")
def photo_of():
    return draw


@pytest.fixture
def cropper():
    """Crops the 112x112 pixels at `CORNER`."""
    return FaceCropper(lambda: Aligner(CornerDetector()))


@pytest.fixture
def write_photos(tmp_path):
    """Returns a function that writes photographs, numbered from 1, under the names given."""

    def write(*names, root="photos"):
        folder = tmp_path / root
        for seed, name in enumerate(names, start=1):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            kind = path.suffix.lower() if path.suffix.lower() in (".png", ".bmp") else ".jpg"
            path.write_bytes(cv2.imencode(kind, draw(seed)[..., ::-1])[1].tobytes())
        return folder

    return write
