"""Lengths of records that TensorFlow would believe."""

import os
import struct

import pytest
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.curation.frames import _checksum
from facerec_tf.data.frames import require_frames


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "a.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for length in (5, 0, 3000):
            writer.write(b"x" * length)
    return path


def test_intact_files(path, tmp_path):
    require_frames(path)
    (tmp_path / "empty").touch()
    require_frames(tmp_path / "empty")


@pytest.mark.parametrize("cut", [1, 4, 3015])
def test_a_file_that_was_cut(path, cut):
    os.truncate(path, path.stat().st_size - cut)
    with pytest.raises(DataError, match=f"Record 2 of '{path}' is corrupt: it is longer than"):
        require_frames(path)


def test_a_huge_length_with_its_checksum(path):
    """TensorFlow ends the process with a segmentation fault."""
    length = struct.pack("<Q", 1 << 62)
    with open(path, "ab") as file:
        file.write(length + struct.pack("<I", _checksum(length)) + b"abc")
    with pytest.raises(DataError, match=f"Record 3 of '{path}' is corrupt"):
        require_frames(path)


def test_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="is a named pipe"):
        require_frames(tmp_path / "pipe")
