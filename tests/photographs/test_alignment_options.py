"""The options of every command that cuts faces out."""

import math

import pytest

from facerec_tf.alignment import DETECTORS
from facerec_tf.core.errors import ArgumentError
from facerec_tf.photographs import AlignmentOptions, PhotoLimits


def test_defaults():
    options = AlignmentOptions()
    assert options.template().name == "arcface-112"
    assert (options.detector, options.face) == ("yunet", "center")


def test_a_facenet_alignment_takes_a_margin():
    options = AlignmentOptions(alignment="facenet-160", margin=44)
    assert options.template().name == "facenet-160-margin44"


def test_angles_are_given_in_degrees():
    gates = AlignmentOptions(max_yaw=30, max_roll=45, min_face=20).gates()
    assert gates.max_yaw == pytest.approx(math.pi / 6)
    assert gates.max_roll == pytest.approx(math.pi / 4)
    assert gates.max_pitch is None
    assert gates.min_size == 20


def test_options_reach_the_aligner_and_the_limits():
    options = AlignmentOptions(
        try_rotations=True, check_landmarks=False, max_file_mb=2, max_megapixels=3
    )
    aligner = options.make_aligner(DETECTORS["yunet"])
    assert (aligner.try_rotations, aligner.check_landmarks) == (True, False)
    assert options.limits() == PhotoLimits(max_file_mb=2, max_megapixels=3)
    default = AlignmentOptions().make_aligner(DETECTORS["yunet"])
    assert (default.try_rotations, default.check_landmarks) == (False, True)


def test_the_least_size_of_a_face():
    assert AlignmentOptions().gates().min_size == 20
    assert AlignmentOptions(min_face=0).gates().min_size is None


def test_described_is_what_the_crops_depend_on():
    one = AlignmentOptions(detector_model="a.onnx", fetch_detector=True).described()
    assert one == AlignmentOptions(detector_model="b.onnx").described()
    assert one != AlignmentOptions(jpeg_quality=90).described()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"detector": "yunnet"}, "'detector' must be one of mtcnn, yunet.*Did you mean 'yunet'"),
        ({"face": "biggest"}, "'face' must be one of all, center, largest, only"),
        ({"alignment": "arcface"}, "'alignment' must be one of arcface-112, .*nearest|Did you"),
        ({"margin": 10}, "--margin is not used with --alignment=arcface-112"),
        ({"alignment": "facenet-96", "margin": 50}, "'margin' must be between 0 and 48"),
        ({"jpeg_quality": 0}, "'jpeg_quality' must be between 1 and 100"),
        (
            {"detector": "mtcnn", "detector_model": "x"},
            "--detector_model is not used with --detector=mtcnn, only with --detector=yunet",
        ),
        ({"detector": "mtcnn", "fetch_detector": True}, "--fetch_detector is not used"),
        ({"max_yaw": -3}, "max_yaw"),
        ({"min_face": -1}, "'min_face' must be non-negative"),
        ({"max_file_mb": 0}, "'max_file_mb' must be positive"),
        ({"max_megapixels": 200}, "'max_megapixels' must be between 0 and 178"),
        ({"try_rotations": 1}, "'try_rotations' must be True or False"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(ArgumentError, match=words):
        AlignmentOptions(**options)
