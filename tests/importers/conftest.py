"""Photographs on disk, and a detector that needs no model."""

from tests.photo_fixtures import crop_photo, photo_of, write_photos

__all__ = ["crop_photo", "photo_of", "write_photos"]
