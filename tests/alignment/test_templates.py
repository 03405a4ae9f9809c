"""Where landmarks go, for every network there is."""

import numpy as np
import pytest

from facerec_tf.alignment import ARCFACE_112, TEMPLATES, facenet_template
from facerec_tf.core.errors import ArgumentError


def test_sizes():
    assert {name: template.size for name, template in TEMPLATES.items()} == {
        "arcface-112": (112, 112),
        "arcface-112x96": (112, 96),
        "facenet-160": (160, 160),
        "facenet-220": (220, 220),
        "facenet-224": (224, 224),
        "facenet-96": (96, 96),
        "facenet-165": (165, 165),
        "facenet-140x116": (140, 116),
    }


def test_arcface_is_the_published_one():
    published = [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366)]
    published += [(41.5493, 92.3655), (70.7299, 92.2041)]
    np.testing.assert_array_equal(ARCFACE_112.points, published)
    narrow = TEMPLATES["arcface-112x96"].points
    np.testing.assert_allclose(ARCFACE_112.points - narrow, [[8, 0]] * 5)


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.startswith("facenet")])
def test_facenets_faces_are_upright_inside_and_in_the_middle(name):
    template = TEMPLATES[name]
    left_eye, right_eye, nose, left_mouth, right_mouth = template.points
    height, width = template.size
    assert left_eye[1] == right_eye[1] < nose[1] < left_mouth[1] == right_mouth[1]
    assert left_eye[0] + right_eye[0] == pytest.approx(width)
    assert nose[0] == pytest.approx(width / 2)
    assert ((template.points > 0) & (template.points < [width, height])).all()
    # A face that fills the box without its margin of a fifth.
    eyes = 0.4034 * 0.8 * np.sqrt(height * width)
    assert right_eye[0] - left_eye[0] == pytest.approx(eyes, abs=0.01)


def test_margin():
    wide, tight = facenet_template((160, 160), 44), facenet_template((160, 160), 0)
    assert wide.name == "facenet-160-margin44"
    middle = np.array([80, 80])
    np.testing.assert_allclose((wide.points - middle) * 160 / 116, tight.points - middle)
    np.testing.assert_allclose(
        facenet_template((160, 160), 32).points, TEMPLATES["facenet-160"].points
    )
    with pytest.raises(ArgumentError, match="'margin' must be between 0 and 80"):
        facenet_template((160, 160), 100)


def test_points_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        ARCFACE_112.points[0] = 0
