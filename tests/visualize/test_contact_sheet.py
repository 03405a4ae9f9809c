"""Contact sheets, pixel by pixel."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import contact_sheet
from facerec_tf.visualize.contact_sheet import LABEL_HEIGHT

IMAGES = np.random.default_rng(0).integers(0, 200, (5, 8, 6, 3), np.uint8)


def test_images_stand_in_reading_order_on_white():
    sheet = contact_sheet(IMAGES, columns=3, pad=2)
    assert sheet.shape == (2 + 2 * 10, 2 + 3 * 8, 3)
    assert sheet.dtype == np.uint8
    expected = np.full_like(sheet, 255)
    for i, image in enumerate(IMAGES):
        y, x = 2 + 10 * (i // 3), 2 + 8 * (i % 3)
        expected[y : y + 8, x : x + 6] = image
    np.testing.assert_array_equal(sheet, expected)


def test_a_grid_keeps_its_rows():
    grid = np.stack([IMAGES[:2], IMAGES[2:4]])
    np.testing.assert_array_equal(contact_sheet(grid), contact_sheet(IMAGES[:4], columns=2))


def test_default_is_about_square():
    assert contact_sheet(IMAGES, pad=0).shape == (2 * 8, 3 * 6, 3)


def test_a_row_is_no_longer_than_its_images():
    assert contact_sheet(IMAGES[:2], columns=10, pad=0).shape == (8, 12, 3)


def test_labels_are_written_beneath_and_leave_the_images_alone():
    images = np.repeat(np.repeat(IMAGES[:2], 8, axis=1), 8, axis=2)
    sheet = contact_sheet(images, columns=2, labels=["Ann", ""], pad=2)
    assert sheet.shape == (2 + 64 + LABEL_HEIGHT + 2, 2 + 2 * 50, 3)
    np.testing.assert_array_equal(sheet[2:66, 2:50], images[0])
    np.testing.assert_array_equal(sheet[2:66, 52:100], images[1])
    strip = sheet[66 : 66 + LABEL_HEIGHT]
    assert strip[:, :50].min() < 100
    assert strip[:, 52:].min() == 255


@pytest.mark.parametrize(
    ("images", "arguments", "message"),
    [
        (IMAGES / 255, {}, "'images' must be uint8"),
        (IMAGES[0], {}, "'images' must be uint8"),
        (IMAGES[:0], {}, "'images' must be uint8"),
        (IMAGES[None], {"columns": 2}, "'columns' must be 5"),
        (IMAGES, {"columns": 0}, "'columns'"),
        (IMAGES, {"labels": ["a"]}, "'labels' must be 5 captions"),
        (IMAGES, {"pad": -1}, "'pad'"),
    ],
)
def test_what_cannot_be_laid_out_is_refused(images, arguments, message):
    with pytest.raises(ArgumentError, match=message):
        contact_sheet(images, **arguments)
