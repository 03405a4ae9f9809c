"""Crops of the faces that a detector finds."""

from __future__ import annotations

import threading
from collections.abc import Callable

from facerec_tf.alignment import Aligner
from facerec_tf.core.errors import require_between
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.photographs.crop import Crop, crop_name
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.photo_limits import DEFAULT_LIMITS, PhotoLimits


class FaceCropper:
    """Detects and aligns the faces of photographs; any number of threads may call it.

    Args:
        make_aligner: Makes the aligner of one thread.
        jpeg_quality: Quality of the crops, 1 to 100.
        limits: The largest photographs that are used.

    Raises:
        ArgumentError: If `jpeg_quality` is not between 1 and 100.
    """

    def __init__(
        self,
        make_aligner: Callable[[], Aligner],
        jpeg_quality: int = 95,
        limits: PhotoLimits = DEFAULT_LIMITS,
    ) -> None:
        require_between("jpeg_quality", jpeg_quality, 1, 100)
        self._make_aligner = make_aligner
        self._quality = jpeg_quality
        self._limits = limits
        self._thread = threading.local()

    def __call__(self, photo: Photo) -> list[Crop]:
        """Returns the crops of the faces in `photo`.

        Raises:
            UnreadableError: If the photograph cannot be read or decoded.
            RejectedFaceError: If no face in it can be used.
        """
        if not hasattr(self._thread, "aligner"):
            self._thread.aligner = self._make_aligner()
        image = self._limits.decode(self._limits.read(photo))
        return [
            Crop(
                crop_name(photo.name, number), photo.person, encode_jpeg(crop, self._quality), face
            )
            for number, (face, crop) in enumerate(self._thread.aligner.align(image), start=1)
        ]
