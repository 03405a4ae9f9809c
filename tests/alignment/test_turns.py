"""Turned photographs, and the way back for the faces found in them."""

import numpy as np
import pytest

from facerec_tf.alignment import Face
from facerec_tf.alignment.turns import turned_back, turned_image


@pytest.mark.parametrize("quarters", range(4))
def test_the_way_back(quarters):
    """Bright pixels are found at the coordinates of the photograph before the turn."""
    rng = np.random.default_rng(quarters)
    height, width = 31, 47
    rows, columns = rng.integers(0, height, 5), rng.integers(0, width, 5)
    image = np.zeros((height, width, 3), np.uint8)
    image[rows, columns] = np.arange(1, 6)[:, None]
    turned = turned_image(image, quarters)
    assert turned.shape[:2] == ((height, width) if quarters % 2 == 0 else (width, height))
    assert turned.flags.c_contiguous
    found = [np.argwhere(turned[..., 0] == number)[0][::-1] for number in range(1, 6)]
    # The box contains whole pixels, from edge to edge.
    low, high = np.min(found, axis=0), np.max(found, axis=0) + 1
    face = Face(np.float32([*low, *(high - low)]), 0.9, np.float32(found))
    back = turned_back(face, quarters, (height, width))
    np.testing.assert_array_equal(back.landmarks, np.stack([columns, rows], axis=1))
    assert back.box.tolist() == [
        columns.min(),
        rows.min(),
        columns.max() + 1 - columns.min(),
        rows.max() + 1 - rows.min(),
    ]
    assert (back.landmarks.dtype, back.box.dtype, back.score) == (np.float32, np.float32, 0.9)
