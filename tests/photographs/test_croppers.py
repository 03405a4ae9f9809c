"""From one photograph to its crops."""

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import Aligner, Face, RejectedFaceError
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.core.parallel import ordered_map
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import UnreadableError, decode_photo
from facerec_tf.photographs.crop import crop_name
from facerec_tf.photographs.crop_reader import CropReader
from facerec_tf.photographs.crop_result import crop_photos
from facerec_tf.photographs.face_cropper import FaceCropper
from facerec_tf.photographs.photo import Photo
from tests.photo_fixtures import CORNER, SIDE, CornerDetector


def as_photo(encoded, name="Ann/1.jpg"):
    return Photo(name, "Ann", encoded=encoded)


def png(image):
    return cv2.imencode(".png", image[..., ::-1])[1].tobytes()


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


def test_results_distinguish_damage_from_no_face(photo_of, cropper):
    black = png(np.zeros((50, 50, 3), np.uint8))
    photos = [as_photo(content) for content in (png(photo_of(1)), black, b"")]
    results = list(crop_photos(photos, cropper))
    assert [result.photo for result in results] == photos
    assert [(o.reason, o.is_damaged) for o in results] == [
        (None, False),
        ("no face was found", False),
        ("the file is empty", True),
    ]


def test_other_errors_end_the_work():
    def fail(item):
        raise DataError(f"{item} is no good")

    with pytest.raises(DataError, match="0 is no good"):
        list(ordered_map(fail, range(100)))


def test_ordered_map_reads_no_further_than_it_must():
    read = []

    def items():
        for item in range(10_000):
            read.append(item)
            yield item

    mapped = ordered_map(lambda item: 2 * item, items(), threads=2)
    assert [next(mapped) for _ in range(5)] == [0, 2, 4, 6, 8]
    assert len(read) < 100
    mapped.close()
    assert list(ordered_map(str, range(50), threads=4)) == [str(item) for item in range(50)]


CROP = np.random.default_rng(0).integers(0, 256, (4, 4, 3), dtype=np.uint8)
CROP = cv2.resize(CROP, (96, 112))


def test_crop_reader_keeps_jpegs():
    jpeg = encode_jpeg(CROP, quality=80)
    (crop,) = CropReader((112, 96))(as_photo(jpeg + b"\0\0\n"))
    assert (crop.name, crop.encoded, crop.face) == ("Ann/1.jpg", jpeg, None)


def test_crop_reader_converts_other_formats():
    (crop,) = CropReader((112, 96))(as_photo(png(CROP), "Ann/1.png"))
    assert crop.name == "Ann/1.png"
    assert np.abs(decode_photo(crop.encoded).astype(int) - CROP).mean() < 2


def test_crop_reader_refuses():
    reader = CropReader((112, 112))
    with pytest.raises(DataError, match=r"'Ann/1.jpg' is 112x96 pixels, expected 112x112"):
        reader(as_photo(encode_jpeg(CROP)))
    with pytest.raises(UnreadableError, match="it is truncated"):
        reader(as_photo(encode_jpeg(CROP)[:-40]))
    for quality in (0, 101):
        with pytest.raises(ArgumentError, match="'jpeg_quality' must be between 1 and 100"):
            CropReader((112, 112), quality)


@pytest.mark.parametrize(
    ("photo", "crop"),
    [
        ("A/1.jpg", "A/1.jpg"),
        ("A/1.JPEG", "A/1.JPEG"),
        ("A/1.png", "A/1.png.jpg"),
        ("A/1.b.webp", "A/1.b.webp.jpg"),
        ("A/none", "A/none.jpg"),
    ],
)
def test_names(photo, crop):
    assert crop_name(photo) == crop
    assert crop_name(photo, 3).endswith(".face3" + crop[crop.rindex(".") :])
