"""Photographs that are aligned crops already."""

from __future__ import annotations

from facerec_tf.core.errors import DataError, require_between
from facerec_tf.core.quote import escape_controls
from facerec_tf.data.codec import encode_jpeg, is_truncated, without_padding
from facerec_tf.data.photo import UnreadableError, is_plain_jpeg
from facerec_tf.photographs.crop import Crop
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.photo_limits import DEFAULT_LIMITS, PhotoLimits


class CropReader:
    """Reads aligned crops: JPEGs are kept byte for byte, other formats become JPEG.

    Args:
        size: Height and width that the crops must have, in pixels.
        jpeg_quality: Quality of those that are not JPEGs yet, 1 to 100.
        limits: The largest photographs that are used.

    Raises:
        ArgumentError: If `jpeg_quality` is not between 1 and 100.
    """

    def __init__(
        self, size: tuple[int, int], jpeg_quality: int = 95, limits: PhotoLimits = DEFAULT_LIMITS
    ) -> None:
        require_between("jpeg_quality", jpeg_quality, 1, 100)
        self._size = size
        self._quality = jpeg_quality
        self._limits = limits

    def __call__(self, photo: Photo) -> list[Crop]:
        """Returns `photo` as its only crop.

        Raises:
            UnreadableError: If the photograph cannot be read or decoded.
            DataError: If it has another size.
        """
        encoded = without_padding(self._limits.read(photo))
        if is_truncated(encoded):
            raise UnreadableError("it is truncated")
        image = self._limits.decode(encoded)
        if image.shape[:2] != self._size:
            found, wanted = ("x".join(map(str, size)) for size in (image.shape[:2], self._size))
            raise DataError(
                f"Image '{escape_controls(photo.name)}' is {found} pixels, expected {wanted}. Crop "
                "its face with --detector=yunet, or give the --alignment or --size of the crops."
            )
        if not is_plain_jpeg(encoded):
            encoded = encode_jpeg(image, self._quality)
        return [Crop(photo.name, photo.person, encoded, None)]
