"""Names of crops."""

import pytest

from facerec_tf.photographs.crop import crop_name


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
