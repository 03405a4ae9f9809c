"""Photographs on disk, and tools run as typed."""

from tests.photo_fixtures import cropper, photo_of, write_photos
from tests.verbs.conftest import image, one_line_error

__all__ = ["cropper", "image", "one_line_error", "photo_of", "write_photos"]
