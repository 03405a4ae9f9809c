"""Landmarks given in a file."""

import os

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.photographs.landmark_cropper import read_landmarks

HEADER = "image,x1,y1,x2,y2,x3,y3,x4,y4,x5,y5,score\n"
ROW = "Ann/1.jpg,1,2,3,4,5,6,7,8,9,10.5,0.9\n"


@pytest.fixture
def read(tmp_path):
    def read(text):
        (tmp_path / "points.csv").write_text(text)
        return read_landmarks(tmp_path / "points.csv")

    return read


def test_reads_five_points(read):
    found = read(HEADER + ROW + "\n" + ROW.replace("1.jpg", "2.jpg"))
    assert list(found) == ["Ann/1.jpg", "Ann/2.jpg"]
    np.testing.assert_array_equal(found["Ann/1.jpg"].ravel(), [*range(1, 10), 10.5])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must have the columns image and ten coordinates"),
        (HEADER + ROW + ROW, r"^Line 3 of .* repeats the image 'Ann/1.jpg' of an earlier line"),
        (HEADER + ROW.replace(",10.5", ",1e30"), r"^Line 2 of .* up to ±1,000,000 pixels\. Found"),
        (HEADER + ROW.replace(",10.5", ",nan"), r"^Line 2 of .* up to ±1,000,000 pixels"),
        (HEADER + ROW.replace(",10.5", ",-inf"), r"^Line 2 of .* up to ±1,000,000 pixels"),
        (HEADER + ROW.replace(",10.5", ",x"), r"^Line 2 of .* must be image and ten coordinates"),
        (HEADER + "Ann/1.jpg,1,2\n", r"^Line 2 of .* must be image and ten coordinates"),
        (HEADER + ROW + "x" * 200_000 + ",1\n", r"^Line 3 of .* is not valid CSV: field larger"),
    ],
)
def test_what_is_refused_names_the_line(read, text, words):
    with pytest.raises(DataError, match=words) as caught:
        read(text)
    assert len(str(caught.value)) < 500


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "points.csv")
    with pytest.raises(DataError, match="it is a named pipe"):
        read_landmarks(tmp_path / "points.csv")
