"""Small folders of records, written as the tools write them."""

import cv2
import numpy as np
import pytest

from facerec_tf.config import AugmentationConfig
from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg

#: Every augmentation at once.
EVERYTHING = AugmentationConfig(
    shift=0.1,
    zoom=0.1,
    rotate_degrees=10,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    grayscale=0.3,
    blur=0.3,
    downscale=0.3,
    erase=0.5,
)


def make_image(seed, size=112):
    """A smooth random image that differs from seed to seed."""
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return cv2.resize(small, (size, size), interpolation=cv2.INTER_LINEAR)


def sample_records(count=40, people=4):
    return [
        Record(encode_jpeg(make_image(i)), i % people, f"Zoë {i % people}", f"Zoë/{i:03d}.jpg")
        for i in range(count)
    ]


def uneven(records):
    """Of 40 records ten images of label 0, three of label 1, one of label 2, ten of label 3."""
    return [r for i, r in enumerate(records) if r.label in (0, 3) or i in (1, 2, 5, 9)]


@pytest.fixture
def write(tmp_path):
    """Writes records to `tmp_path/data`, after `change` of the list if given."""

    def write_changed(change=None, count=40, **arguments):
        records = sample_records(count)
        if change:
            records = change(records)
        write_records(tmp_path / "data", records, **{"num_shards": 3, **arguments})
        return tmp_path / "data"

    return write_changed


@pytest.fixture
def records_dir(write):
    return write()


@pytest.fixture(scope="session")
def image():
    return make_image


@pytest.fixture(scope="session")
def records():
    return sample_records
