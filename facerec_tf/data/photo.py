"""Decoding of photographs of any common format and orientation, which may be damaged."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import ExifTags, Image, ImageOps

#: Largest number of pixels that is decoded. A file of 48 KB may claim 400 million.
MAX_PIXELS = 150_000_000

#: The accepted formats, by Pillow's names.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")

#: What Pillow raises for damaged files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    struct.error,
    MemoryError,
)

_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")


class UnreadableError(Exception):
    """A photograph cannot be read or decoded; the message gives the reason, without its name."""


def decode_photo(encoded: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decodes a photograph: BMP, GIF, JPEG, PNG, PPM, TIFF or WebP.

    Applies the orientation of the Exif tag and uses the first of several frames. 16 bits become 8;
    grey, palettes and CMYK become RGB; transparent pixels become white.

    Args:
        encoded: The bytes of the file.
        max_pixels: Largest number of pixels that is decoded; checked in the header.

    Returns:
        uint8 `[height, width, 3]`, RGB.

    Raises:
        UnreadableError: If the file is empty, truncated, too large, or of another format.
    """
    if not encoded:
        raise UnreadableError("the file is empty")
    image = _open(encoded)
    width, height = image.size
    if width * height > max_pixels:
        raise UnreadableError(
            f"it claims {width}x{height} pixels, more than {max_pixels / 1e6:g} million"
        )
    if image.mode == "F":
        raise UnreadableError("its pixels are floating-point numbers")
    try:
        image.load()
        return np.asarray(_as_rgb(ImageOps.exif_transpose(image)))
    except _DAMAGE as error:
        raise UnreadableError(f"it cannot be decoded: {_reason(error)}") from None


def is_plain_jpeg(encoded: bytes) -> bool:
    """Returns whether the bytes are an upright JPEG, grey or RGB, which every decoder accepts."""
    try:
        image = _open(encoded)
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        return image.format == "JPEG" and image.mode in ("L", "RGB") and orientation == 1
    except (UnreadableError, *_DAMAGE):
        return False


def _open(encoded: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(encoded), formats=_FORMATS)
    except Image.UnidentifiedImageError:
        raise UnreadableError("it is not an image in a known format") from None
    except Image.DecompressionBombError as error:
        raise UnreadableError(f"it claims too many pixels: {_reason(error)}") from None
    except _DAMAGE as error:
        raise UnreadableError(f"its header is damaged: {_reason(error)}") from None


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode in _SIXTEEN_BITS:
        wide = np.asarray(image).astype(np.int64)
        grey = Image.fromarray(np.clip(wide >> 8, 0, 255).astype(np.uint8))
        return grey.convert("RGB")
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
    return image.convert("RGB")


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
