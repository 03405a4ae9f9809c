"""What became of a photograph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from facerec_tf.alignment import RejectedFaceError
from facerec_tf.core.parallel import ordered_map
from facerec_tf.data.photo import UnreadableError
from facerec_tf.photographs.crops import Crop, Cropper
from facerec_tf.photographs.photo import Photo


class Outcome(NamedTuple):
    """What became of a photograph.

    Attributes:
        photo: The photograph.
        crops: Those it gave; none if it was rejected.
        reason: Why it was rejected, or None.
        is_damaged: Whether that is because it cannot be read.
    """

    photo: Photo
    crops: list[Crop]
    reason: str | None = None
    is_damaged: bool = False


def crop_all(
    photos: Iterable[Photo], crop_photo: Cropper, threads: int | None = None
) -> Iterator[Outcome]:
    """Yields what becomes of every photograph, in order; several threads work."""
    return ordered_map(lambda photo: outcome_of(photo, crop_photo), photos, threads)


def outcome_of(photo: Photo, crop_photo: Cropper) -> Outcome:
    """Returns what becomes of `photo`: its crops, or the reason that it has none."""
    try:
        return Outcome(photo, crop_photo(photo))
    except UnreadableError as error:
        return Outcome(photo, [], str(error), is_damaged=True)
    except RejectedFaceError as error:
        return Outcome(photo, [], str(error))
