"""Hashes of pictures: the same waves recomputed one by one, copies near, other pictures far."""

import cv2
import numpy as np
import pytest

from facerec_tf.curation.duplicates import SIMILAR
from facerec_tf.curation.picture_hash import picture_hashes
from facerec_tf.data import synthetic_face
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo


@pytest.fixture(scope="module")
def faces():
    return [synthetic_face(0, identity, 0) for identity in range(12)]


def differing(a, b):
    return np.unpackbits(picture_hashes(a) ^ picture_hashes(b), axis=1).sum(axis=1)


def test_bits_are_waves_above_the_median(faces):
    for image, packed in zip(faces, picture_hashes(faces), strict=True):
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float64)
        # OpenCV's transform is scaled, by one number for all waves that count here.
        waves = cv2.dct(small)[1:17, 1:17].ravel()
        far = np.abs(waves - np.median(waves)) > 1e-2
        np.testing.assert_array_equal(np.unpackbits(packed)[far], (waves > np.median(waves))[far])
        assert np.unpackbits(packed).sum() == 128


def test_copies_are_near_and_other_pictures_far(faces):
    copies = {
        "recompressed": [decode_photo(encode_jpeg(image, 75)) for image in faces],
        "smaller": [cv2.resize(i, (96, 96), interpolation=cv2.INTER_AREA) for i in faces],
        "larger": [cv2.resize(image, (224, 224)) for image in faces],
    }
    for name, images in copies.items():
        assert differing(faces, images).max() <= SIMILAR, name
    for i, image in enumerate(faces):
        others = faces[:i] + faces[i + 1 :]
        assert differing([image] * len(others), others).min() > 2 * SIMILAR


@pytest.mark.parametrize("grey", [0, 77, 255])
def test_nothing_to_see(grey):
    assert not picture_hashes([np.full((112, 96, 3), grey, np.uint8)]).any()


def test_no_images():
    assert picture_hashes([]).shape == (0, 32)
