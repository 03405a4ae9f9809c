"""Decoding of photographs of any common format and orientation, which may be damaged."""

from __future__ import annotations

import io
import re
import struct

import numpy as np
from PIL import ExifTags, Image, ImageOps, TiffTags, features

from facerec_tf.core.errors import UserError
from facerec_tf.core.extras import load_extra

#: Largest number of pixels that is decoded. A file of 48 KB may claim 400 million.
MAX_PIXELS = 150_000_000

#: Number of first bytes of a file that `image_format` needs.
HEAD_BYTES = 64

#: Name of the format in Pillow → the first bytes of its files. A container of the ISO base media
#: format (ISO/IEC 14496-12) names what it contains by brands, of which the first is the major one.
_SIGNATURES = {
    "JPEG": rb"\xff\xd8\xff",
    "PNG": rb"\x89PNG\r\n\x1a\n",
    "GIF": rb"GIF8[79]a",
    "WEBP": rb"RIFF....WEBP",
    "BMP": rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0",
    "TIFF": rb"II[*+]\0|MM\0[*+]",
    "JPEG2000": rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
    "AVIF": rb"....ftyp(avi[fs]|mi[af]1.*avi[fs])",
    "HEIF": rb"....ftyp(hei[cmsx]|hev[cmsx]|mi[af]1|msf1)",
    "PPM": rb"P[1-6]\s+[#0-9]",
}
_PATTERNS = {kind: re.compile(start, re.DOTALL) for kind, start in _SIGNATURES.items()}

#: Formats that Pillow reads only if it was built with a library, and Pillow's name of that library.
_OPTIONAL = {"WEBP": "webp", "JPEG2000": "jpg_2000", "AVIF": "avif"}

#: What Pillow raises for damaged files.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    TypeError,
    RuntimeError,
    struct.error,
    MemoryError,
)

_SIXTEEN_BITS = ("I", "I;16", "I;16B", "I;16L", "I;16N")

#: Bits per pixel that TIFF files of more than eight bits may use. Their header gives 16 or 32 bits
#: also for 8 or 12 bits, as many microscopes and scanners write them.
_USED_BITS = (8, 12, 16)


class UnreadableError(Exception):
    """A photograph cannot be read or decoded; the message gives the reason, without its name."""


class TooLargeError(UnreadableError):
    """A photograph is not damaged, but exceeds a limit of size."""


def image_format(head: bytes) -> str | None:
    """Pillow's name of the format of an image, or None if the format is not one that is read.

    Args:
        head: The first `HEAD_BYTES` bytes of the file.
    """
    return next((kind for kind, start in _PATTERNS.items() if start.match(head)), None)


def decode_photo(encoded: bytes, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decodes a photograph: AVIF, BMP, GIF, HEIC, JPEG, JPEG 2000, PNG, PPM, TIFF or WebP.

    The format is found by the content. Applies the orientation of the Exif tag and uses the first
    of several frames. More than 8 bits become 8; grey, palettes and CMYK become RGB; transparent
    pixels become white. A grey TIFF of more than 8 bits is scaled from the smallest of 8, 12 and 16
    bits that contain its largest pixel.

    Args:
        encoded: The bytes of the file.
        max_pixels: Largest number of pixels that is decoded; checked in the header.

    Returns:
        uint8 `[height, width, 3]`, RGB.

    Raises:
        TooLargeError: If the photograph has more pixels than `max_pixels`.
        UnreadableError: If the file is empty, truncated, of another format, needs a package that is
            not installed, or its pixels have an unknown range.
    """
    if not encoded:
        raise UnreadableError("the file is empty")
    image = _open(encoded)
    width, height = image.size
    if width * height > max_pixels:
        raise TooLargeError(
            f"too large: it claims {width}x{height} pixels, more than {max_pixels / 1e6:g} million"
        )
    if image.mode == "F":
        raise UnreadableError("its pixels are floating-point numbers")
    try:
        image.load()
        pixels = _as_rgb(ImageOps.exif_transpose(image), is_tiff=image.format == "TIFF")
    except _DAMAGE as error:
        raise UnreadableError(f"it cannot be decoded: {_reason(error)}") from None
    if _sample_bits(image) > 8 and image.mode not in _SIXTEEN_BITS and pixels.max() < 16:
        raise UnreadableError(
            f"its pixels of {_sample_bits(image)} bits per colour use the lowest 12 bits or fewer: "
            "convert it to 8 bits"
        )
    return pixels


def is_plain_jpeg(encoded: bytes) -> bool:
    """Returns whether the bytes are an upright JPEG, grey or RGB, which every decoder accepts."""
    try:
        image = _open(encoded)
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        return image.format == "JPEG" and image.mode in ("L", "RGB") and orientation == 1
    except (UnreadableError, *_DAMAGE):
        return False


def _open(encoded: bytes) -> Image.Image:
    kind = image_format(encoded[:HEAD_BYTES])
    if kind is None:
        raise UnreadableError("it is not an image in a known format")
    _require_reader(kind)
    try:
        return Image.open(io.BytesIO(encoded), formats=[kind])
    except Image.UnidentifiedImageError:
        raise UnreadableError(f"its header is damaged: it only begins as {kind} does") from None
    except Image.DecompressionBombError as error:
        raise TooLargeError(f"too large: it claims too many pixels: {_reason(error)}") from None
    except _DAMAGE as error:
        raise UnreadableError(f"its header is damaged: {_reason(error)}") from None


def _require_reader(kind: str) -> None:
    """Raises `UnreadableError` if the package or the library that reads a format is missing."""
    if kind == "HEIF":
        try:
            load_extra("pillow_heif", "heif").register_heif_opener()
        except UserError as error:
            raise UnreadableError(f"it is a HEIC image. {error}") from None
    elif kind in _OPTIONAL and not features.check(_OPTIONAL[kind]):
        raise UnreadableError(
            f"it is {kind}, which this build of Pillow does not read: "
            "pip install --upgrade 'pillow>=11.3'"
        )


def _sample_bits(image: Image.Image) -> int:
    """Returns the bits per colour that the header of a TIFF gives; 8 for other formats."""
    tags = getattr(image, "tag_v2", {})
    return max(tags.get(_BITS_PER_SAMPLE, (8,)))


_BITS_PER_SAMPLE = next(k for k, tag in TiffTags.TAGS_V2.items() if tag.name == "BitsPerSample")


def _as_rgb(image: Image.Image, is_tiff: bool) -> np.ndarray:
    if image.mode in _SIXTEEN_BITS:
        wide = np.asarray(image).astype(np.int64)
        grey = (wide >> (_used_bits(wide) - 8 if is_tiff else 8)).astype(np.uint8)
        return np.repeat(grey[..., np.newaxis], 3, axis=2)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        white = Image.new("RGBA", seen.size, "white")
        return np.asarray(Image.alpha_composite(white, seen).convert("RGB"))
    return np.asarray(image.convert("RGB"))


def _used_bits(wide: np.ndarray) -> int:
    """Returns the smallest of `_USED_BITS` that contains all pixels.

    Raises:
        UnreadableError: If a pixel is negative or exceeds all of them.
    """
    least, largest = int(wide.min()), int(wide.max())
    for bits in _USED_BITS:
        if least >= 0 and largest < 1 << bits:
            return bits
    raise UnreadableError(
        f"its pixels are numbers from {least} to {largest}, expected 0 to 255, 4095 or 65535"
    )


def _reason(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
