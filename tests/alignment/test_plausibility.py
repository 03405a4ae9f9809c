"""Landmarks that can and cannot be those of a face."""

import re

import numpy as np
import pytest

from facerec_tf.alignment import ARCFACE_112, Face
from facerec_tf.alignment.plausibility import implausibility
from tests.alignment.test_pose import seen


def face_with(points, box=None):
    points = np.float32(points)
    if box is None:
        low, extent = points.min(axis=0), np.ptp(points, axis=0).max()
        box = [*(low - 0.6 * extent), 2.2 * extent, 2.2 * extent]
    return Face(np.float32(box), 0.9, points)


def turned(points, degrees):
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (points - 56) @ turn.T + 56


@pytest.mark.parametrize("degrees", range(0, 360, 30))
def test_a_face_turned_by_any_angle_is_plausible(degrees):
    assert implausibility(face_with(turned(ARCFACE_112.points, degrees))) is None


@pytest.mark.parametrize("yaw", [-60, -30, 30, 60])
@pytest.mark.parametrize("pitch", [-25, 0, 25])
def test_a_face_that_looks_elsewhere_is_plausible(yaw, pitch):
    points = seen(yaw=yaw, pitch=pitch)
    side = 2.5 * 124  # 124 pixels are between the eyes of the face that looks ahead.
    box = [*(points.mean(axis=0) - side / 2), side, side]
    assert implausibility(face_with(points, box)) is None


def test_real_faces_are_plausible(lfw_photos):
    for _, points in lfw_photos:
        low, high = points.min(axis=0), points.max(axis=0)
        side = 2.0 * (high - low).max()
        assert (
            implausibility(face_with(points, [*((low + high) / 2 - side / 2), side, side])) is None
        )


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ([3, 4, 2, 0, 1], "the mouth is above the eyes"),
        ([1, 0, 2, 4, 3], "left and right are exchanged"),
    ],
)
def test_points_in_another_order_are_not(order, words):
    with_box = face_with(ARCFACE_112.points, [0, 0, 112, 112])
    assert implausibility(with_box) is None
    swapped = with_box._replace(landmarks=with_box.landmarks[order])
    reason = implausibility(swapped)
    assert re.search(f"^implausible landmarks: .*{words}", reason)


def test_a_nose_far_away_is_not():
    points = ARCFACE_112.points.copy()
    points[2] += [80, 0]
    words = "after alignment they are .* of the distance between the eyes from those of a face"
    assert re.search(words, implausibility(face_with(points, [0, 0, 112, 112])))


@pytest.mark.parametrize("side", [0, 50, 160])
def test_points_too_small_or_large_for_the_box_are_not(side):
    box = [56 - side / 2, 56 - side / 2, side, side]
    reason = implausibility(face_with(ARCFACE_112.points, box))
    assert f"35.24 pixels apart in a box of {side} pixels, expected 25% to 60%" in reason


def test_coinciding_points_are_not():
    assert implausibility(face_with(np.ones((5, 2)), [0, 0, 9, 9])) is not None
