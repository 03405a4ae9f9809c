"""Crops of the faces that a detector finds."""

import numpy as np
import pytest

from facerec_tf.alignment import Aligner, Face, RejectedFaceError
from facerec_tf.data.photo import UnreadableError, decode_photo
from facerec_tf.photographs.crop_result import crop_photos
from facerec_tf.photographs.face_cropper import FaceCropper
from facerec_tf.photographs.photo import Photo
from tests.photo_fixtures import CORNER, SIDE, CornerDetector, as_photo, png


def test_face_cropper_crops_the_face(photo_of, cropper):
    image = photo_of(1)
    (crop,) = cropper(as_photo(png(image), "Ann/1.png"))
    assert (crop.name, crop.person, crop.face.score) == ("Ann/1.png.jpg", "Ann", 0.9)
    x, y = CORNER.astype(int)
    found = decode_photo(crop.encoded).astype(int)
    assert np.abs(found - image[y : y + SIDE, x : x + SIDE]).mean() < 2


def test_face_cropper_raises_the_reason(photo_of, cropper):
    with pytest.raises(RejectedFaceError, match="no face was found"):
        cropper(as_photo(png(np.zeros((50, 50, 3), np.uint8))))
    with pytest.raises(UnreadableError, match="not an image in a known format"):
        cropper(as_photo(b"words"))
    with pytest.raises(UnreadableError, match="No such file or directory"):
        cropper(Photo("Ann/1.jpg", "Ann", "/nowhere/1.jpg"))


def test_several_faces_have_names_of_their_own(photo_of):
    class Twice(CornerDetector):
        def detect(self, image):
            (face,) = super().detect(image)
            return [face, Face(face.box, 0.8, face.landmarks + 5)]

    crops = FaceCropper(lambda: Aligner(Twice(), policy="all"))(as_photo(png(photo_of(1))))
    assert [crop.name for crop in crops] == ["Ann/1.jpg", "Ann/1.face2.jpg"]
    assert crops[0].encoded != crops[1].encoded


def test_an_aligner_for_every_thread(photo_of):
    made = []

    def make():
        made.append(Aligner(CornerDetector()))
        return made[-1]

    photos = [as_photo(png(photo_of(seed))) for seed in range(3)] * 20
    results = list(crop_photos(photos, FaceCropper(make), threads=3))
    assert 1 <= len(made) <= 3
    alone = list(crop_photos(photos, FaceCropper(make), threads=1))
    assert [o.crops[0].encoded for o in results] == [o.crops[0].encoded for o in alone]
