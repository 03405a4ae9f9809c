"""YuNet on real photographs, against the landmarks that come with the data."""

import csv
import re
import tarfile

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import DETECTORS, Aligner, RejectedFaceError, crop
from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.data.photo import decode_photo

YuNet = DETECTORS["yunet"]
COUNT = 24


@pytest.fixture(scope="session")
def model(shared_dir):
    return shared_dir / "data" / "models" / "yunet_n_320_320.onnx"


@pytest.fixture(scope="module")
def photos(shared_dir):
    """Name → pixels and the five points found by others."""
    lfw = shared_dir / "data" / "lfw"
    with open(lfw / "landmarks.csv", newline="") as file:
        points = {
            row[0]: np.array(row[1:11], float).reshape(5, 2) for row in list(csv.reader(file))[1:]
        }
    found = {}
    with tarfile.open(lfw / "lfw-deepfunneled.tar", "r|") as tar:
        for member in tar:
            if member.isfile():
                name = "/".join(member.name.split("/")[-2:])
                found[name] = decode_photo(tar.extractfile(member).read()), points[name]
            if len(found) == COUNT:
                return found


def nearest(faces, points):
    return min(np.abs(face.landmarks - points).max() for face in faces)


def test_finds_every_face_where_it_is(photos, model):
    detector = YuNet(model)
    for image, points in photos.values():
        faces = detector.detect(image)
        assert nearest(faces, points) < 0.001
        for face in faces:
            assert face.box.shape == (4,)
            assert face.landmarks.shape == (5, 2)
            assert 0.6 <= face.score <= 1
            x, y, width, height = face.box
            inside = (face.landmarks > [x, y]) & (face.landmarks < [x + width, y + height])
            assert inside.mean() > 0.8
    assert [len(faces) for faces in detector.detect_batch([image, image])] == [len(faces)] * 2


@pytest.mark.parametrize("quarters", range(4))
def test_turned_photographs(photos, model, quarters):
    """By default, nearly all are rejected; `try_rotations` finds the landmarks of all."""
    default = Aligner(YuNet(model))
    turning = Aligner(YuNet(model), try_rotations=True)
    reasons = []
    for image, points in photos.values():
        turned = np.ascontiguousarray(np.rot90(image, quarters))
        (found,) = turning.align(turned)
        assert np.abs(found.crop.astype(int) - crop(image, points)).mean() < 1
        # The landmarks are in the turned photograph, so that a crop at them is upright, too.
        assert np.abs(crop(turned, found.face.landmarks).astype(int) - found.crop).mean() < 1
        try:
            default.align(turned)
        except RejectedFaceError as error:
            reasons.append(str(error))
    expected = re.compile("turned photograph: |no face was found|implausible landmarks: ")
    assert all(map(expected.match, reasons))
    assert len(reasons) == 0 if quarters == 0 else len(reasons) >= 0.9 * COUNT


def test_landmarks_are_in_the_order_of_the_house(photos, model):
    image, _ = next(iter(photos.values()))
    (face, *_) = YuNet(model).detect(image)
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


def test_a_large_photograph_is_searched_at_a_smaller_scale(photos, model):
    detector = YuNet(model)
    for image, points in list(photos.values())[:3]:
        large = cv2.resize(image, None, fx=8, fy=8)
        # At another scale YuNet's landmarks are some 3 pixels elsewhere, of a face of 100.
        assert nearest(detector.detect(large), 8 * points + 3.5) < 8 * 10


def test_a_small_face_in_a_large_photograph_is_found_at_a_second_look(photos, model):
    image, points = next(iter(photos.values()))
    large = np.zeros((2400, 3600, 3), np.uint8)
    large[1000:1250, 2000:2250] = image
    small = cv2.resize(image, (100, 100), interpolation=cv2.INTER_AREA)
    assert nearest(YuNet(model).detect(large), points + np.array([2000, 1000])) < 8
    large[1000:1250, 2000:2250] = 0
    large[1000:1100, 2000:2100] = small
    assert nearest(YuNet(model).detect(large), 0.4 * points + np.array([2000, 1000])) < 4


def test_finds_none_where_there_is_none(model):
    noise = np.random.default_rng(0).integers(0, 256, (250, 250, 3), dtype=np.uint8)
    assert YuNet(model).detect(noise) == []
    assert YuNet(model).detect(np.zeros((1, 1, 3), np.uint8)) == []


def test_photographs_of_other_sizes_in_between_change_nothing(photos, model):
    detector = YuNet(model)
    image, _ = next(iter(photos.values()))
    before = detector.detect(image)
    detector.detect(np.zeros((333, 77, 3), np.uint8))
    after = detector.detect(image)
    for one, two in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.landmarks, two.landmarks)


def test_a_higher_score_lets_fewer_through(photos, model):
    counts = [
        sum(len(YuNet(model, min_score=score).detect(image)) for image, _ in photos.values())
        for score in (0.1, 0.6, 0.94)
    ]
    assert counts[0] > counts[1] > counts[2]


def test_bad_arguments(model, tmp_path):
    with pytest.raises(ArgumentError, match="'min_score' must be above 0 and below 1"):
        YuNet(model, min_score=1.0)
    with pytest.raises(UserError, match=r"nowhere\.onnx"):
        YuNet(tmp_path / "nowhere.onnx")
    (tmp_path / "other.onnx").write_bytes(b"no network")
    with pytest.raises(DataError, match=r"other\.onnx"):
        YuNet(tmp_path / "other.onnx")
