"""From a photograph to crops: detection, choice, gates."""

import numpy as np
import pytest

from facerec_tf.alignment import (
    ARCFACE_112,
    TEMPLATES,
    Aligner,
    Detector,
    Face,
    QualityGates,
    RejectedFaceError,
    crop,
)
from facerec_tf.core.errors import ArgumentError

IMAGE = np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8)


def face(x, y, side, score):
    points = ARCFACE_112.points * (side / 112) + [x, y]
    return Face(np.float32([x, y, side, side]), score, np.float32(points))


CENTRAL, LARGE, FAINT = face(150, 100, 90, 0.9), face(10, 10, 130, 0.8), face(180, 130, 90, 0.3)


class Fixed(Detector):
    def __init__(self, *faces):
        self.faces = sorted(faces, key=lambda face: -face.score)

    def detect(self, image):
        return self.faces


def test_takes_the_central_face_and_crops_it():
    (found,) = Aligner(Fixed(LARGE, CENTRAL)).align(IMAGE)
    assert found.face is CENTRAL
    np.testing.assert_array_equal(found.crop, crop(IMAGE, CENTRAL.landmarks))


def test_policy_and_template():
    found = Aligner(Fixed(CENTRAL, LARGE), TEMPLATES["facenet-140x116"], "all").align(IMAGE)
    assert [aligned.face for aligned in found] == [LARGE, CENTRAL]
    assert found[0].crop.shape == (140, 116, 3)


def test_no_face():
    with pytest.raises(RejectedFaceError, match=r"^no face was found$"):
        Aligner(Fixed()).align(IMAGE)


def test_what_is_hardly_a_face_is_not_chosen_among():
    gates = QualityGates(min_score=0.5)
    assert Aligner(Fixed(FAINT, LARGE)).align(IMAGE)[0].face is FAINT
    assert Aligner(Fixed(FAINT, LARGE), gates=gates).align(IMAGE)[0].face is LARGE
    assert Aligner(Fixed(FAINT, LARGE), policy="only", gates=gates).align(IMAGE)
    with pytest.raises(RejectedFaceError, match=r"the face's score is 0.3, less than 0.5"):
        Aligner(Fixed(FAINT), gates=gates).align(IMAGE)


def test_gates_say_why():
    small, tilted = QualityGates(min_size=100), QualityGates(max_roll=0.1)
    with pytest.raises(RejectedFaceError, match="the face is 90 pixels wide, fewer than 100"):
        Aligner(Fixed(CENTRAL, LARGE), gates=small).align(IMAGE)
    both = Aligner(Fixed(CENTRAL, LARGE), policy="all", gates=small).align(IMAGE)
    assert [aligned.face for aligned in both] == [LARGE]
    assert Aligner(Fixed(CENTRAL), gates=tilted).align(IMAGE)
    points = (CENTRAL.landmarks - 150) @ np.float32([[0.8, 0.6], [-0.6, 0.8]]) + 150
    with pytest.raises(RejectedFaceError, match="tilted: by 36"):
        Aligner(Fixed(CENTRAL._replace(landmarks=points)), gates=tilted).align(IMAGE)


def test_unknown_policy():
    with pytest.raises(ArgumentError, match="'face' must be one of all, center, largest, only"):
        Aligner(Fixed(), policy="first")
