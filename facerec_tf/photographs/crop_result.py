"""Cropping of one or many photographs, where a photograph without a usable face is a result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from facerec_tf.alignment import RejectedFaceError
from facerec_tf.core.parallel import ordered_map
from facerec_tf.data.photo import TooLargeError, UnreadableError
from facerec_tf.photographs.crop import Crop, Cropper
from facerec_tf.photographs.photo import Photo


class CropResult(NamedTuple):
    """The crops of a photograph, or the reason why there are none.

    Attributes:
        photo: The photograph.
        crops: Its crops; empty if it was rejected.
        reason: Why it was rejected, or None.
        is_damaged: Whether it was rejected because it cannot be read or decoded.
    """

    photo: Photo
    crops: list[Crop]
    reason: str | None = None
    is_damaged: bool = False


def crop_photos(
    photos: Iterable[Photo], cropper: Cropper, threads: int | None = None
) -> Iterator[CropResult]:
    """Yields the result of every photograph, in order, computed by several threads.

    Args:
        photos: The photographs.
        cropper: From a photograph to its crops.
        threads: Number of threads; by default one per core.
    """
    return ordered_map(lambda photo: crop_photo(photo, cropper), photos, threads)


def crop_photo(photo: Photo, cropper: Cropper) -> CropResult:
    """Returns the crops of `photo`, or the reason why it has none."""
    try:
        return CropResult(photo, cropper(photo))
    except UnreadableError as error:
        is_damaged = not isinstance(error, TooLargeError)
        return CropResult(photo, [], str(error), is_damaged)
    except RejectedFaceError as error:
        return CropResult(photo, [], str(error))
