"""Decoding of encoded crops outside a graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.data.photo import UnreadableError, decode_photo


def decode_crop(encoded: bytes, image_size: tuple[int, int], index: int) -> np.ndarray:
    """Decodes a JPEG or PNG crop as photographs are decoded: upright by its Exif tag, in RGB.

    Args:
        encoded: The bytes of the file; zeros and line ends after a JPEG are ignored.
        image_size: Height and width that the upright crop must have.
        index: Number of the crop, for messages.

    Returns:
        uint8 `[height, width, 3]`.

    Raises:
        DataError: If the crop is damaged or of another size.
    """
    encoded = without_padding(encoded)
    try:
        if not encoded:
            raise UnreadableError("it is empty")
        if not is_whole(encoded):
            raise UnreadableError(
                f"it is truncated, or neither JPEG nor PNG ({len(encoded)} bytes)"
            )
        image = decode_photo(encoded)
    except UnreadableError as error:
        raise DataError(f"Image {index} cannot be embedded: {error}.") from None
    if image.shape[:2] != image_size:
        found, expected = (f"{size[0]}x{size[1]}" for size in (image.shape, image_size))
        raise DataError(f"Image {index} is {found} pixels, expected {expected}.")
    return image


def require_encoded(crops: Any) -> list[bytes]:
    """Returns `crops` as a list; raises `ArgumentError` unless they are bytes of image files."""
    if isinstance(crops, (str, bytes)):
        raise _not_encoded(f"one {type(crops).__name__}")
    crops = list(crops)
    for crop in crops:
        if not isinstance(crop, bytes):
            raise _not_encoded(f"a list with a {type(crop).__name__}")
    return crops


def _not_encoded(received: str) -> ArgumentError:
    return ArgumentError(
        "Argument 'jpegs' must be a list of the bytes of JPEG or PNG files, such as "
        f"[Path('a.jpg').read_bytes()]. Received: {received}"
    )
