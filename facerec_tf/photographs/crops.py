"""From one photograph to the crops that go into records."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import NamedTuple

from facerec_tf.alignment import Aligner, Face
from facerec_tf.core.errors import DataError, require_between
from facerec_tf.data.codec import encode_jpeg, is_truncated, without_padding
from facerec_tf.data.photo import UnreadableError, decode_photo, is_plain_jpeg
from facerec_tf.photographs.photo import Photo


class Crop(NamedTuple):
    """A face, cut out.

    Attributes:
        name: `PERSON/FILE.jpg`; unique.
        person: Whom it shows.
        encoded: Its JPEG bytes.
        face: Where it was in the photograph, or None if the photograph was a crop already.
    """

    name: str
    person: str
    encoded: bytes
    face: Face | None


#: From a photograph to its crops; raises `UnreadableError` or `RejectedFaceError` if it has none.
Cropper = Callable[[Photo], list[Crop]]


class FaceCropper:
    """Finds, chooses, aligns and judges the faces of photographs, in any number of threads.

    Args:
        make_aligner: Makes what does it for one thread.
        jpeg_quality: Of the crops, 1 to 100.

    Raises:
        ArgumentError: If `jpeg_quality` is out of its range.
    """

    def __init__(self, make_aligner: Callable[[], Aligner], jpeg_quality: int = 95) -> None:
        require_between("jpeg_quality", jpeg_quality, 1, 100)
        self._make_aligner = make_aligner
        self._quality = jpeg_quality
        self._thread = threading.local()

    def __call__(self, photo: Photo) -> list[Crop]:
        """Returns the crops of the faces in `photo`.

        Raises:
            UnreadableError: If it cannot be read or decoded.
            RejectedFaceError: If no face in it is used.
        """
        image = decode_photo(photo.read())
        return [
            Crop(
                crop_name(photo.name, number), photo.person, encode_jpeg(crop, self._quality), face
            )
            for number, (face, crop) in enumerate(self._aligner().align(image), start=1)
        ]

    def _aligner(self) -> Aligner:
        if not hasattr(self._thread, "aligner"):
            self._thread.aligner = self._make_aligner()
        return self._thread.aligner


class CropReader:
    """Takes photographs that are aligned crops already: sound JPEGs as they are, others as JPEG.

    Args:
        size: Height and width that they must have.
        jpeg_quality: Of those that are no JPEGs, 1 to 100.
    """

    def __init__(self, size: tuple[int, int], jpeg_quality: int = 95) -> None:
        require_between("jpeg_quality", jpeg_quality, 1, 100)
        self._size = size
        self._quality = jpeg_quality

    def __call__(self, photo: Photo) -> list[Crop]:
        """Returns `photo` as its only crop.

        Raises:
            UnreadableError: If it cannot be read or decoded.
            DataError: If it has another size.
        """
        encoded = without_padding(photo.read())
        if is_truncated(encoded):
            raise UnreadableError("it is truncated")
        image = decode_photo(encoded)
        if image.shape[:2] != self._size:
            found, wanted = ("x".join(map(str, size)) for size in (image.shape[:2], self._size))
            raise DataError(
                f"Image '{photo.name}' is {found} pixels, expected {wanted}: have its face found "
                "with --detector=yunet, or say what alignment or size the crops are of."
            )
        if not is_plain_jpeg(encoded):
            encoded = encode_jpeg(image, self._quality)
        return [Crop(photo.name, photo.person, encoded, None)]


def crop_name(photo: str, number: int = 1) -> str:
    """Returns what crop `number` of a photograph is called: as that is, and always a JPEG."""
    stem, suffix = os.path.splitext(photo)
    if suffix.lower() not in (".jpg", ".jpeg"):
        stem, suffix = photo, ".jpg"
    numbered = f".face{number}" if number > 1 else ""
    return stem + numbered + suffix
