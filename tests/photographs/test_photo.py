"""Reading of photographs that may be anything."""

import os
import socket

import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.data.photo import TooLargeError, UnreadableError
from facerec_tf.photographs.crop_result import crop_photo
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.photo_limits import PhotoLimits
from tests.photo_fixtures import as_photo, draw, png


def photo_at(path):
    return Photo("Ann/1.jpg", "Ann", os.fspath(path))


@pytest.mark.parametrize("make", [os.mkfifo, "/dev/zero", socket.socket])
def test_what_is_not_a_regular_file_is_refused_at_once(tmp_path, make):
    path = tmp_path / "1.jpg"
    if make is os.mkfifo:
        os.mkfifo(path)
    elif make is socket.socket:
        server = socket.socket(socket.AF_UNIX)
        server.bind(os.path.relpath(path))
        server.close()
    else:
        os.symlink(make, path)
    with pytest.raises(UnreadableError, match=r"a named pipe, a socket or a device|No such device"):
        photo_at(path).read()


def test_a_folder_and_a_missing_file(tmp_path):
    with pytest.raises(UnreadableError, match=r"not a file|Is a directory"):
        photo_at(tmp_path).read()
    with pytest.raises(UnreadableError, match="No such file"):
        photo_at(tmp_path / "nothing").read()


def test_a_huge_file_is_not_read(tmp_path, cropper):
    path = tmp_path / "1.jpg"
    with open(path, "wb") as file:
        file.truncate(1 << 42)  # Four terabytes: reading it would end in a MemoryError.
    with pytest.raises(TooLargeError, match="too large: the file has 4,398,047 MB, more than 500"):
        photo_at(path).read()
    result = crop_photo(photo_at(path), cropper)
    assert result.reason.startswith("too large: ")
    assert not result.is_damaged  # It does not count as such, so that it ends no command.


def test_limits():
    limits = PhotoLimits(max_file_mb=0.01, max_megapixels=0.03)
    small, large = png(draw(1, 100, 100) // 64 * 64), png(draw(1, 200, 200) // 128 * 128)
    assert limits.decode(limits.read(as_photo(small))).shape == (100, 100, 3)
    with pytest.raises(TooLargeError, match=r"claims 200x200 pixels, more than 0\.03 million"):
        limits.decode(large)
    with pytest.raises(TooLargeError, match=r"the file has 0 MB, more than 0\.01"):
        limits.read(as_photo(bytes(10_001)))


@pytest.mark.parametrize(
    "limits", [{"max_file_mb": 0}, {"max_file_mb": float("nan")}, {"max_megapixels": 179}]
)
def test_bad_limits(limits):
    (name,) = limits
    with pytest.raises(ArgumentError, match=f"'{name}' must be"):
        PhotoLimits(**limits)
