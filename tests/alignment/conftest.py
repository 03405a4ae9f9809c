"""Real photographs and the landmarks that come with them."""

import csv
import tarfile

import numpy as np
import pytest

from facerec_tf.data.photo import decode_photo


@pytest.fixture(scope="session")
def lfw_landmarks(shared_dir):
    """Photograph → its five points, as YuNet found them."""
    with open(shared_dir / "data" / "lfw" / "landmarks.csv", newline="") as file:
        _, *rows = csv.reader(file)
    return {row[0]: np.array(row[1:11], float).reshape(5, 2) for row in rows}


@pytest.fixture(scope="session")
def lfw_photos(shared_dir, lfw_landmarks):
    """Pixels and points of the first 16 photographs."""
    photos = []
    with tarfile.open(shared_dir / "data" / "lfw" / "lfw-deepfunneled.tar", "r|") as tar:
        for member in tar:
            if member.isfile():
                name = "/".join(member.name.split("/")[-2:])
                image = decode_photo(tar.extractfile(member).read())
                photos.append((image, lfw_landmarks[name]))
            if len(photos) == 16:
                return photos
