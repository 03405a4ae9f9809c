"""Each gate both ways, on its own limit."""

import math

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import Face, QualityGates, crop
from facerec_tf.alignment.pose import head_pose
from facerec_tf.alignment.quality import sharpness
from facerec_tf.core.errors import ArgumentError
from tests.alignment.test_pose import seen

CROP = np.random.default_rng(0).integers(1, 256, (112, 112, 3), np.uint8)


def face(size=(30.0, 18.0), score=0.7, **turns):
    return Face(np.array([5, 7, *size], np.float32), score, seen(**turns).astype(np.float32))


def fault(subject=None, picture=CROP, **limits):
    return QualityGates(**limits).fault(subject or face(), picture)


def test_without_gates_everything_passes():
    assert fault(face((1, 1), 0.01, yaw=80, pitch=-60, roll=170), np.zeros_like(CROP)) is None


def test_the_shorter_side_counts():
    assert fault(min_size=40) == "too small: the face is 18 pixels wide, fewer than 40"
    assert (
        fault(face((18, 30)), min_size=18.5)
        == "too small: the face is 18 pixels wide, fewer than 18.5"
    )
    assert fault(min_size=18) is None


def test_the_score_counts():
    assert fault(min_score=0.71) == "unsure: the face's score is 0.7, less than 0.71"
    assert fault(min_score=0.7) is None


@pytest.mark.parametrize(
    ("axis", "words"),
    [("yaw", "turned sideways"), ("pitch", "turned up or down"), ("roll", "tilted")],
)
@pytest.mark.parametrize("turn", [-30, 30])
def test_each_angle_counts_either_way(axis, words, turn):
    turned = face(**{axis: turn})
    angle = abs(getattr(head_pose(turned.landmarks), axis))
    assert math.radians(25) < angle < math.radians(40)
    limit = {f"max_{axis}": math.radians(25)}
    degrees = f"{math.degrees(angle):.4g}"
    assert fault(turned, **limit) == f"{words}: by {degrees}°, more than 25°"
    assert fault(turned, **{f"max_{axis}": angle + 1e-6}) is None
    others = {"max_yaw", "max_pitch", "max_roll"} - {f"max_{axis}"}
    assert fault(turned, **dict.fromkeys(others, math.radians(15))) is None


def test_the_sharpness_counts():
    value = sharpness(CROP)
    words = fault(min_sharpness=2 * value)
    assert words == f"blurred: the face's sharpness is {value:.4g}, less than {2 * value:g}"
    assert fault(min_sharpness=value) is None


def test_the_first_fault_is_reported():
    assert "pixels wide" in fault(min_size=40, min_score=0.9, min_sharpness=1e9)


def test_sharpness_is_the_variance_of_the_laplacian():
    grey = cv2.cvtColor(CROP, cv2.COLOR_RGB2GRAY).astype(float)
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    expected = (around - 4 * grey[1:-1, 1:-1]).var()
    assert sharpness(CROP) == pytest.approx(expected, rel=0.05)  # It mirrors the outermost row.


def test_a_blurred_face_is_less_sharp(lfw_photos):
    for image, points in lfw_photos:
        values = [
            sharpness(crop(cv2.GaussianBlur(image, (0, 0), sigma) if sigma else image, points))
            for sigma in (0, 1, 2, 4)
        ]
        assert values == sorted(values, reverse=True)
        assert values[0] > 3 * values[2]


def test_the_edge_of_the_photograph_is_no_sharp_edge(lfw_photos):
    image, points = lfw_photos[0]
    blurred = cv2.GaussianBlur(image, (0, 0), 4)
    turn = np.array([[0.96, -0.28], [0.28, 0.96]])
    for columns in (90, 110):
        half = np.ascontiguousarray(blurred[:, columns:])
        for turned in (points, (points - points.mean(axis=0)) @ turn + points.mean(axis=0)):
            cut = crop(half, turned - [columns, 0])
            assert (cut == 0).mean() > 0.02
            grey = cv2.cvtColor(cut, cv2.COLOR_RGB2GRAY)
            assert sharpness(cut) < 20 < cv2.Laplacian(grey, cv2.CV_64F).var()


def test_a_black_crop_is_not_sharp():
    assert sharpness(np.zeros((112, 112, 3), np.uint8)) == 0


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"min_size": 0}, "'min_size' must be positive"),
        ({"min_score": 1.5}, "'min_score' must be between 0 and 1"),
        ({"max_yaw": -0.1}, "'max_yaw' must be positive"),
        ({"min_sharpness": math.nan}, "'min_sharpness' must be positive"),
    ],
)
def test_bad_limits(limits, words):
    with pytest.raises(ArgumentError, match=words):
        QualityGates(**limits)
