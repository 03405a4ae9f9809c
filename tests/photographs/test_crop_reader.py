"""Photographs that are aligned crops already."""

import cv2
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import UnreadableError, decode_photo
from facerec_tf.photographs.crop_reader import CropReader
from tests.photo_fixtures import as_photo, png

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
