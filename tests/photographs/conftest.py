"""Photographs on disk, and a detector that needs no model."""

from tests.photo_fixtures import cropper, photo_of, write_photos

__all__ = ["cropper", "photo_of", "write_photos"]
