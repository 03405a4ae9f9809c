"""Cropping of many photographs, and the results of those without a crop."""

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.core.parallel import ordered_map
from facerec_tf.photographs.crop_result import crop_photos
from tests.photo_fixtures import as_photo, png


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
