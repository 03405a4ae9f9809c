"""Photographs of every format, orientation and fault."""

import contextlib
import io
import struct
import sys
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, features

from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import (
    HEAD_BYTES,
    TooLargeError,
    UnreadableError,
    decode_photo,
    image_format,
    is_plain_jpeg,
)

RNG = np.random.default_rng(0)


def smooth(height=40, width=60):
    small = Image.fromarray(RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8))
    return np.asarray(small.resize((width, height), Image.Resampling.BILINEAR))


PIXELS = smooth()


def save(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def difference(encoded, expected):
    decoded = decode_photo(encoded)
    assert decoded.dtype == np.uint8
    assert decoded.shape == expected.shape
    return np.abs(decoded.astype(int) - expected).mean()


OPTIONS = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}, "AVIF": {"quality": 95}}
KINDS = ["BMP", "PNG", "PPM", "TIFF", "WEBP", "GIF", "JPEG", "AVIF", "JPEG2000"]


@pytest.mark.parametrize("kind", KINDS)
def test_formats(kind):
    tolerance = {"JPEG": 2, "GIF": 12, "AVIF": 3}.get(kind, 0)  # GIF has 256 colours.
    encoded = save(Image.fromarray(PIXELS), kind, **OPTIONS.get(kind, {}))
    assert image_format(encoded[:HEAD_BYTES]) == kind
    assert difference(encoded, PIXELS) <= tolerance


def test_heic():
    pillow_heif = pytest.importorskip("pillow_heif")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(PIXELS)).save(file, quality=95)
    assert image_format(file.getvalue()[:HEAD_BYTES]) == "HEIF"
    assert difference(file.getvalue(), PIXELS) <= 6
    with contextlib.suppress(UnreadableError):
        decode_photo(file.getvalue()[:-300])


#: The first bytes of a HEIC image of an iPhone.
HEIC = b"\0\0\0\x24ftypheic\0\0\0\0mif1MiHEMiPrmiafMiHBheic"


def test_heic_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(UnreadableError, match=r"^it is a HEIC image\. .*'facerec_tf\[heif\]'"):
        decode_photo(HEIC)


@pytest.mark.parametrize("kind", ["AVIF", "JPEG2000", "WEBP"])
def test_a_pillow_that_lacks_a_library_is_named(kind, monkeypatch):
    encoded = save(Image.fromarray(PIXELS), kind)
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(UnreadableError, match=f"^it is {kind}, which this build of Pillow does"):
        decode_photo(encoded)


@pytest.mark.parametrize(
    "head", [b"BM, he said", b"P5 is a paper size", b"\0\0\0\x20ftypisom", b"", b"%PDF-1.7"]
)
def test_what_does_not_begin_as_an_image(head):
    assert image_format(head) is None


def test_colours_are_red_green_blue():
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    for kind in ("PNG", "JPEG"):
        assert decode_photo(save(Image.fromarray(red), kind))[4, 4, 0] > 250


GREY = np.asarray(Image.fromarray(PIXELS).convert("L"))
GREY_RGB = np.repeat(GREY[..., None], 3, axis=2)


@pytest.mark.parametrize("mode", ["L", "1", "P", "CMYK", "RGBA", "LA"])
def test_modes(mode):
    image = Image.fromarray(PIXELS).convert(mode)
    kind = "JPEG" if mode == "CMYK" else "PNG"
    expected = np.asarray(image.convert("RGB"))
    assert difference(save(image, kind), expected) < (3 if mode == "CMYK" else 0.5)


def test_sixteen_bits_keep_the_upper_eight():
    wide = (GREY.astype(np.uint16) << 8) | 77
    for kind in ("PNG", "TIFF"):
        assert difference(save(Image.fromarray(wide), kind), GREY_RGB) == 0
    portable = b"P5 60 40 65535\n" + wide.astype(">u2").tobytes()
    assert difference(portable, GREY_RGB) == 0


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.uint32])
@pytest.mark.parametrize(("bits", "shift"), [(8, 0), (12, 4), (16, 8)])
def test_a_wide_grey_tiff_uses_its_lowest_bits(dtype, bits, shift):
    """Scanners and microscopes store 8 or 12 bits in pixels of 16 or 32."""
    wide = GREY.astype(dtype) << shift
    wide[0, 0] = (1 << bits) - 1
    grey = GREY.copy()
    grey[0, 0] = 255
    image = tiff_of(wide)
    assert difference(image, np.repeat(grey[..., None], 3, axis=2)) == 0


def test_a_dark_wide_png_stays_dark():
    """Its format fixes the range."""
    assert difference(save(Image.fromarray(GREY.astype(np.uint16)), "PNG"), 0 * GREY_RGB) == 0


@pytest.mark.parametrize(("value", "words"), [(-5, "from -5 to"), (70_000, "to 70000, expected")])
def test_wide_pixels_of_an_unknown_range_are_refused(value, words):
    wide = GREY.astype(np.int32)
    wide[3, 4] = value
    with pytest.raises(UnreadableError, match=f"its pixels are numbers .*{words}"):
        decode_photo(tiff_of(wide))


def test_wide_colours_that_would_become_black_are_refused():
    wide = PIXELS.astype(np.uint16)
    assert difference(cv2.imencode(".tif", (wide << 8)[..., ::-1])[1].tobytes(), PIXELS) == 0
    with pytest.raises(UnreadableError, match="pixels of 16 bits per colour use the lowest 12"):
        decode_photo(cv2.imencode(".tif", wide[..., ::-1])[1].tobytes())


def tiff_of(grey):
    """An uncompressed TIFF of one grey channel (Adobe, TIFF 6.0, sections 2 and 3)."""
    size, signed = grey.dtype.itemsize, grey.dtype.kind == "i"
    height, width = grey.shape
    tags = [(256, 4, width), (257, 4, height), (258, 3, 8 * size), (259, 3, 1), (262, 3, 1)]
    tags += [(273, 4, 8), (277, 3, 1), (278, 4, height), (279, 4, grey.nbytes)]
    tags += [(339, 3, 2 if signed else 1)]
    body = grey.astype(grey.dtype.newbyteorder("<")).tobytes()
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    head = b"II*\0" + struct.pack("<I", 8 + len(body))
    return head + body + struct.pack("<H", len(tags)) + entries + bytes(4)


def test_transparent_pixels_are_white():
    alpha = np.full((40, 60, 1), 255, np.uint8)
    alpha[:20] = 0
    encoded = save(Image.fromarray(np.concatenate([PIXELS, alpha], axis=2)), "PNG")
    expected = PIXELS.copy()
    expected[:20] = 255
    assert difference(encoded, expected) == 0


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "TIFF", "PNG"])
def test_of_an_animation_the_first_frame(kind):
    frames = [Image.fromarray(np.full((40, 60, 3), value, np.uint8)) for value in (200, 10, 90)]
    options = {"lossless": True} if kind == "WEBP" else {}
    encoded = save(frames[0], kind, save_all=True, append_images=frames[1:], **options)
    assert difference(encoded, np.full((40, 60, 3), 200)) < 1


#: Exif orientation → from the upright picture to what the camera stored.
STORED = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: p.transpose(1, 0, 2),
    6: lambda p: np.rot90(p),
    7: lambda p: np.rot90(p, 2).transpose(1, 0, 2),
    8: lambda p: np.rot90(p, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_all_orientations_come_upright(kind, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](PIXELS)))
    encoded = save(stored, kind, exif=exif, **OPTIONS.get(kind, {}))
    assert difference(encoded, PIXELS) < 3
    assert is_plain_jpeg(encoded) == (kind == "JPEG" and orientation == 1)


def png_that_claims(width, height):
    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 48_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b""))
    )


@pytest.mark.parametrize(
    ("side", "reason"),
    [
        (20_000, r"claims too many pixels: Image size \(400000000 pixels\)"),
        (13_000, "claims 13000x13000 pixels, more than 150 million"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_bomb_is_refused_by_its_header(monkeypatch, side, reason):
    encoded = png_that_claims(side, side)
    assert len(encoded) < 50_000
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("it was decoded"))
    with pytest.raises(TooLargeError, match=reason):
        decode_photo(encoded)


JPEG = encode_jpeg(PIXELS)


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [
        (b"", "the file is empty"),
        (b"no image at all", "it is not an image in a known format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "it is not an image in a known format"),
        (JPEG[: len(JPEG) // 2], "it cannot be decoded: image file is truncated"),
        (JPEG[:30], "it is not an image in a known format|its header is damaged"),
        (save(Image.fromarray(PIXELS), "PNG")[:-400], "it cannot be decoded"),
        (save(Image.fromarray(PIXELS), "PNG")[:20], "header is damaged|not an image in a known"),
        (save(Image.fromarray(PIXELS), "WEBP")[:-400], "cannot be decoded|header|no image"),
        (save(Image.fromarray(PIXELS), "TIFF")[:2000], "cannot be decoded|header|no image"),
        (save(Image.fromarray(GREY.astype(np.float32)), "TIFF"), "floating-point numbers"),
    ],
)
def test_what_cannot_be_read_says_why(encoded, reason):
    with pytest.raises(UnreadableError, match=reason):
        decode_photo(encoded)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_in_the_middle_never_ends_in_another_error():
    rng = np.random.default_rng(1)
    for kind in KINDS:
        whole = np.frombuffer(save(Image.fromarray(PIXELS), kind), np.uint8)
        for _ in range(60):
            damaged = whole.copy()
            places = rng.integers(0, len(damaged), 8)
            damaged[places] = rng.integers(0, 256, 8)
            with contextlib.suppress(UnreadableError):
                assert decode_photo(damaged.tobytes()).shape[2] == 3


def test_a_plain_jpeg_is_one_that_all_decoders_show_alike():
    assert is_plain_jpeg(JPEG)
    assert is_plain_jpeg(save(Image.fromarray(GREY), "JPEG"))
    assert not is_plain_jpeg(save(Image.fromarray(PIXELS).convert("CMYK"), "JPEG"))
    assert not is_plain_jpeg(save(Image.fromarray(PIXELS), "PNG"))
    assert not is_plain_jpeg(b"\xff\xd8 no image")
