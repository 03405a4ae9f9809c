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


class Scored(Detector):
    """Finds a face of a score that depends on how often the photograph was turned."""

    doubtful_score = 0.8
    upright_score = 0.85

    def __init__(self, scores, found=CENTRAL):
        self.scores, self.found, self.calls = scores, found, 0

    def detect(self, image):
        self.calls += 1
        (quarters,) = (
            k for k in range(4) if np.array_equal(image[:2, :2], np.rot90(IMAGE, k)[:2, :2])
        )
        score = self.scores[quarters]
        return [self.found._replace(score=score)] if score else []


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_photograph_is_rejected_or_turned(quarters):
    scores = [0.7, 0.6, 0.6, 0.6]
    scores[quarters] = 0.9
    with pytest.raises(
        RejectedFaceError,
        match=rf"^turned photograph: .* by {90 * quarters}° \(0.90, before 0.70\); --try_rotations",
    ):
        Aligner(Scored(scores)).align(IMAGE)
    (found,) = Aligner(Scored(scores), try_rotations=True).align(IMAGE)
    turned = np.ascontiguousarray(np.rot90(IMAGE, quarters))
    np.testing.assert_array_equal(found.crop, crop(turned, CENTRAL.landmarks))
    # The face is in the coordinates of the photograph before the turn.
    again = crop(IMAGE, found.face.landmarks).astype(int)
    assert np.abs(again - found.crop).mean() < 1
    assert Aligner(Scored(scores), check_landmarks=False).align(IMAGE)


@pytest.mark.parametrize(
    ("scores", "options", "calls"),
    [
        ([0.8, 0.9, 0, 0], {}, 1),  # Not doubtful.
        ([0.79, 0.79, 0.795, 0], {}, 4),  # Another turn is better, but not clearly.
        ([0.86, 0.9, 0.9, 0.9], {"try_rotations": True}, 1),  # No turned photograph has that.
        ([0.84, 0.3, 0, 0.845], {"try_rotations": True}, 4),
        ([0.7, 0.9, 0.9, 0.9], {"check_landmarks": False}, 1),
    ],
)
def test_an_upright_photograph_stays(scores, options, calls):
    detector = Scored(scores)
    (found,) = Aligner(detector, **options).align(IMAGE)
    np.testing.assert_array_equal(found.crop, crop(IMAGE, CENTRAL.landmarks))
    assert detector.calls == calls


def test_a_face_that_is_found_only_after_a_turn():
    detector = Scored([0, 0, 0.7, 0])
    with pytest.raises(RejectedFaceError, match=r"^no face was found$"):
        Aligner(detector).align(IMAGE)
    assert len(Aligner(detector, try_rotations=True).align(IMAGE)) == 1


def test_a_detector_that_names_no_scores_is_asked_for_every_turn():
    assert Detector.doubtful_score == 0
    assert Aligner(Fixed(FAINT)).align(IMAGE)

    class Plain(Scored):
        doubtful_score, upright_score = Detector.doubtful_score, Detector.upright_score

    detector = Plain([0.9, 0.9, 0.99, 0.9])
    Aligner(detector, try_rotations=True).align(IMAGE)
    assert detector.calls == 4


def test_implausible_landmarks_are_rejected():
    odd = CENTRAL._replace(landmarks=CENTRAL.landmarks[[3, 4, 2, 0, 1]])
    with pytest.raises(RejectedFaceError, match=r"^implausible landmarks: the mouth is above"):
        Aligner(Fixed(odd)).align(IMAGE)
    assert Aligner(Fixed(odd), check_landmarks=False).align(IMAGE)
    # Another face in the photograph is used.
    assert Aligner(Fixed(odd, LARGE)).align(IMAGE)[0].face is LARGE


def test_the_limits_apply_to_the_turned_photograph():
    gates = QualityGates(max_roll=0.3)
    aligner = Aligner(Scored([0, 0.9, 0, 0]), gates=gates, try_rotations=True)
    assert len(aligner.align(IMAGE)) == 1


def test_unknown_policy():
    with pytest.raises(ArgumentError, match="'face' must be one of all, center, largest, only"):
        Aligner(Fixed(), policy="first")
