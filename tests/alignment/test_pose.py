"""The estimate of pose on turned heads whose pose is known, and on real ones."""

import numpy as np
import pytest

from facerec_tf.alignment.pose import head_pose

#: Somebody else's face, in millimetres: y down, z away from the camera.
HEAD = np.array([[-31, 0, 3], [31, 0, 3], [0, 36, -32], [-26, 66, 0], [26, 66, 0]], dtype=float)
DEGREES = np.arange(-40, 41, 10)


def seen(yaw=0.0, pitch=0.0, roll=0.0):
    """Returns the landmarks of the head, turned by degrees, two metres from a camera."""
    yaw, pitch, roll = np.radians([yaw, pitch, roll])
    look_right = [[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]]
    look_up = [[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]]
    tilt = [[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]]
    x, y, z = np.array(tilt) @ look_right @ look_up @ HEAD.T
    return np.stack([x, y], axis=1) / (2000 + z[:, np.newaxis]) * 4000 + 300


def degrees(landmarks):
    return np.degrees(head_pose(landmarks))


def test_the_turns_are_what_they_are_called():
    nose = 2
    assert seen(yaw=20)[nose, 0] > seen()[nose, 0]
    assert seen(pitch=20)[nose, 1] < seen()[nose, 1]
    assert seen(roll=20)[1, 1] > seen(roll=20)[0, 1]


@pytest.mark.parametrize("axis", ["yaw", "pitch", "roll"])
def test_each_angle_follows_its_turn_and_no_other(axis):
    poses = np.array([degrees(seen(**{axis: angle})) for angle in DEGREES])
    zero = degrees(seen())
    place = ("yaw", "pitch", "roll").index(axis)
    assert (np.diff(poses[:, place]) > 5).all()
    np.testing.assert_allclose(poses[:, place] - zero[place], DEGREES, atol=6)
    others = np.delete(poses - zero, place, axis=1)
    assert np.abs(others).max() < 6


def test_turns_at_once_are_told_apart():
    found = degrees(seen(yaw=25, pitch=-15, roll=30)) - degrees(seen())
    np.testing.assert_allclose(found, [25, -15, 30], atol=7)


def test_a_head_turned_upside_down():
    assert abs(degrees(seen(roll=180))[2]) == pytest.approx(180, abs=1)


def test_size_and_place_do_not_matter():
    landmarks = seen(yaw=20, pitch=10, roll=5)
    np.testing.assert_allclose(head_pose(landmarks * 3 - 70), head_pose(landmarks), atol=1e-9)


def test_real_people_look_into_the_camera(lfw_landmarks):
    points = list(lfw_landmarks.values())[::8]
    poses = np.array([degrees(landmarks) for landmarks in points])
    assert np.abs(np.median(poses, axis=0)).max() < 2
    assert np.median(np.abs(poses), axis=0).max() < 12
    # Of faces whose nose lies midway between the eyes, which is all that makes them frontal here.
    middles = [abs(p[2, 0] - p[[0, 1, 3, 4], 0].mean()) / np.ptp(p[:, 0]) for p in points]
    frontal = np.array(middles) < 0.02
    assert frontal.sum() > 100
    assert np.quantile(np.abs(poses[frontal, 0]), 0.9) < 5


def test_mirrored_people_look_the_other_way(lfw_landmarks):
    for landmarks in list(lfw_landmarks.values())[::100]:
        mirrored = (landmarks * [-1, 1] + [249, 0])[[1, 0, 2, 4, 3]]
        expected = head_pose(landmarks)
        np.testing.assert_allclose(
            head_pose(mirrored), [-expected.yaw, expected.pitch, -expected.roll], atol=1e-9
        )
