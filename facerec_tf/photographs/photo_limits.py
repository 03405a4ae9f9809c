"""The largest photographs that are read and decoded."""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.core.errors import require_between, require_positive
from facerec_tf.data.photo import MAX_PIXELS, decode_photo
from facerec_tf.photographs.photo import MAX_BYTES, Photo

#: Above this, Pillow itself refuses to open a file.
_PILLOW_MEGAPIXELS = 178


@dataclasses.dataclass(frozen=True)
class PhotoLimits:
    """Reads and decodes photographs up to a size of the file and a number of pixels.

    Attributes:
        max_file_mb: Largest file, in megabytes of 10⁶ bytes.
        max_megapixels: Largest number of pixels, in millions.

    Raises:
        ArgumentError: If a limit is not positive, or `max_megapixels` is above 178, which is the
            limit of Pillow.
    """

    max_file_mb: float = MAX_BYTES / 1e6
    max_megapixels: float = MAX_PIXELS / 1e6

    def __post_init__(self) -> None:
        require_positive("max_file_mb", self.max_file_mb)
        require_positive("max_megapixels", self.max_megapixels)
        require_between("max_megapixels", self.max_megapixels, 0, _PILLOW_MEGAPIXELS)

    @property
    def max_bytes(self) -> int:
        """The largest file in bytes."""
        return round(self.max_file_mb * 1e6)

    def read(self, photo: Photo) -> bytes:
        """Returns the encoded image.

        Raises:
            UnreadableError: As `Photo.read` does.
        """
        return photo.read(self.max_bytes)

    def decode(self, encoded: bytes) -> np.ndarray:
        """Returns the pixels of an encoded image, uint8 `[height, width, 3]`, RGB.

        Raises:
            UnreadableError: As `decode_photo` does.
        """
        return decode_photo(encoded, round(self.max_megapixels * 1e6))


DEFAULT_LIMITS = PhotoLimits()
