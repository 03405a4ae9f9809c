"""MTCNN on real photographs, against the landmarks that YuNet found."""

import builtins
import sys

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import DETECTORS
from facerec_tf.core.errors import ArgumentError, UserError

MTCNN = DETECTORS["mtcnn"]


@pytest.fixture(scope="module")
def detector():
    pytest.importorskip("mtcnn")
    return MTCNN()


def distances(faces, points):
    """Returns how far the landmarks of the nearest face are, `[5]`."""
    far = [np.linalg.norm(face.landmarks - points, axis=1) for face in faces]
    return min(far, key=np.mean)


def test_finds_every_face_where_yunet_does(lfw_photos, detector, capfd):
    found = [(detector.detect(image), points) for image, points in lfw_photos]
    # A swap of two points, or of x and y, makes it tens of pixels.
    all_distances = np.array([distances(faces, points) for faces, points in found])
    assert np.median(all_distances) < 3.5
    assert all_distances.max() < 15
    for faces, _ in found:
        assert [face.score for face in faces] == sorted((f.score for f in faces), reverse=True)
        for face in faces:
            assert face.box.dtype == face.landmarks.dtype == np.float32
            assert 0.8 <= face.score <= 1
            x, y, width, height = face.box
            assert 20 <= width <= 160
            assert 20 <= height <= 160
            middle = face.landmarks.mean(axis=0)
            assert (np.abs(middle - [x + width / 2, y + height / 2]) < face.size / 4).all()
    printed = capfd.readouterr()
    assert printed.out == printed.err == ""


def test_landmarks_are_in_the_order_of_the_house(lfw_photos, detector):
    for image, _ in lfw_photos[:4]:
        left_eye, right_eye, nose, left_mouth, right_mouth = detector.detect(image)[0].landmarks
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_mouth[0] < nose[0] < right_mouth[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_landmarks_of_the_mirrored_photograph_are_mirrored(lfw_photos, detector):
    offsets = []
    for image, points in lfw_photos:
        mirrored_points = (points * [-1, 1] + [image.shape[1] - 1, 0])[[1, 0, 2, 4, 3]]
        faces = detector.detect(image), detector.detect(np.ascontiguousarray(image[:, ::-1]))
        here, there = (
            min(found, key=lambda face: np.linalg.norm(face.landmarks - wanted)).landmarks
            for found, wanted in zip(faces, (points, mirrored_points), strict=True)
        )
        offsets.append(here[:, 0] + there[[1, 0, 2, 4, 3], 0] - (image.shape[1] - 1))
    assert abs(np.mean(offsets)) < 0.5


def test_a_large_photograph_is_searched_at_a_smaller_scale(lfw_photos, detector):
    far = [
        distances(detector.detect(cv2.resize(image, None, fx=8, fy=8)), 8 * points + 3.5)
        for image, points in lfw_photos[:4]
    ]
    assert np.median(far) < 8 * 4
    image, points = lfw_photos[0]
    small = np.zeros((2400, 3600, 3), np.uint8)
    small[1000:1100, 2000:2100] = cv2.resize(image, (100, 100), interpolation=cv2.INTER_AREA)
    assert distances(detector.detect(small), 0.4 * points + [2000, 1000]).max() < 6


@pytest.mark.parametrize("shape", [(1, 1), (11, 300), (250, 250), (2, 3000)])
def test_finds_none_where_there_is_none(shape, detector):
    assert detector.detect(np.zeros((*shape, 3), np.uint8)) == []


def test_photographs_of_other_sizes_in_between_change_nothing(lfw_photos, detector):
    image, _ = lfw_photos[0]
    before, _, after = detector.detect_batch([image, image[:201, :177], image])
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.landmarks, two.landmarks)


def test_a_higher_score_lets_fewer_through(lfw_photos, detector):
    scores = [face.score for image, _ in lfw_photos for face in detector.detect(image)]
    least = sorted(scores)[1]
    sure = MTCNN(min_score=least)
    found = [face.score for image, _ in lfw_photos for face in sure.detect(image)]
    assert sorted(found) == pytest.approx([score for score in sorted(scores) if score > least])


def test_weights_come_from_the_package_alone(tmp_path, monkeypatch, lfw_photos):
    for name in ("pnet", "rnet", "onet"):
        (tmp_path / f"{name}.lz4").write_bytes(b"a pickle that somebody left here")
    monkeypatch.chdir(tmp_path)
    opened = []
    real_open = builtins.open
    monkeypatch.setattr(
        builtins,
        "open",
        lambda file, *a, **k: (opened.append(str(file)), real_open(file, *a, **k))[1],
    )
    pytest.importorskip("mtcnn")
    assert MTCNN().detect(lfw_photos[0][0])
    weights = [file for file in opened if file.endswith(".lz4")]
    assert len(weights) == 3
    assert not [file for file in weights if file.startswith(str(tmp_path))]


def test_bad_arguments(monkeypatch):
    with pytest.raises(ArgumentError, match="'min_score' must be above 0 and below 1"):
        MTCNN(min_score=0)
    monkeypatch.setitem(sys.modules, "mtcnn", None)
    with pytest.raises(UserError, match=r"'mtcnn': pip install 'facerec_tf\[mtcnn\]'"):
        MTCNN()
