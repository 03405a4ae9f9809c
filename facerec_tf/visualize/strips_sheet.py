"""Rows of captioned image strips, for example identities, duplicates or possible label errors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from facerec_tf.core.errors import require, require_count
from facerec_tf.visualize.captions import LONGEST, caption_font, fit_text
from facerec_tf.visualize.style import INK, MUTED

#: Pixels: around the sheet, between images, strips and rows, and for a caption and the heading.
_MARGIN, _GAP, _STRIP_GAP, _ROW_GAP, _CAPTION, _HEADING = 16, 2, 20, 14, 19, 34

#: Maximum width of a column that is widened for its captions, in pixels.
_CAPTION_ROOM = 260

#: Font sizes, in pixels.
_SMALL, _LARGE = 12, 16


class Strip(NamedTuple):
    """Images side by side with a caption above: a bold title and a note.

    Attributes:
        images: uint8 `[height, width, 3]` each, RGB.
        title: Shortened with "…" to the available width.
        note: Shortened only if it alone exceeds the available width.
    """

    images: Sequence[np.ndarray]
    title: str
    note: str = ""


class _ScaledStrip(NamedTuple):
    """A strip whose images have the height of the sheet's rows."""

    images: Sequence[Image.Image]
    title: str
    note: str


def strips_sheet(
    rows: Sequence[Sequence[Strip]], heading: str = "", height: int = 112
) -> np.ndarray:
    """Returns an image of the strips in rows and columns on white.

    Args:
        rows: The strips of each row; strips and rows may have different lengths.
        heading: Text above all rows.
        height: Height of the scaled images, in pixels.

    Returns:
        uint8 `[h, w, 3]`, RGB.

    Raises:
        ArgumentError: If there is no image, or `height` is not a positive integer.
    """
    require_count("height", height)
    shown = any(strip.images for row in rows for strip in row)
    require(shown, "rows", "strips of images, one at least", rows)
    scaled = [
        [
            _ScaledStrip([_scale(image, height) for image in strip.images], strip.title, strip.note)
            for strip in row
        ]
        for row in rows
    ]
    widths = [
        max(_room(row[column]) for row in scaled if column < len(row))
        for column in range(max(map(len, scaled)))
    ]
    top = _MARGIN + (_HEADING if heading else 0)
    step = _CAPTION + height + _ROW_GAP
    size = (
        2 * _MARGIN + sum(widths) + _STRIP_GAP * (len(widths) - 1),
        top + step * len(rows) - _ROW_GAP + _MARGIN,
    )
    sheet = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(sheet)
    if heading:
        wide = size[0] - 2 * _MARGIN
        _write(draw, (_MARGIN, _MARGIN), heading, caption_font(_LARGE, "bold"), INK, wide)
    for number, row in enumerate(scaled):
        x, y = _MARGIN, top + number * step
        for strip, width in zip(row, widths[: len(row)], strict=True):
            _draw(sheet, draw, strip, (x, y), width)
            x += width + _STRIP_GAP
    return np.asarray(sheet)


def _draw(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    strip: _ScaledStrip,
    at: tuple[int, int],
    width: int,
) -> None:
    x, y = at
    bold, plain = caption_font(_SMALL, "bold"), caption_font(_SMALL, "normal")
    room = width - plain.getlength(strip.note) - _SMALL / 2 if strip.note else width
    used = _write(draw, at, strip.title, bold, INK, max(room, 0))
    start = x + used + (_SMALL / 2 if used else 0)
    _write(draw, (start, y), strip.note, plain, MUTED, x + width - start)
    for image in strip.images:
        sheet.paste(image, (x, y + _CAPTION))
        x += image.width + _GAP


def _write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    font: ImageFont.FreeTypeFont,
    colour: str,
    width: float,
) -> float:
    """Draws `text`, shortened to `width`, and returns its width in pixels."""
    text = fit_text(text, font, width)
    draw.text(at, text, fill=colour, font=font)
    return font.getlength(text)


def _width(strip: _ScaledStrip) -> int:
    return sum(image.width + _GAP for image in strip.images) - _GAP if strip.images else 0


def _room(strip: _ScaledStrip) -> int:
    """Returns the width of the strip or of its caption, the latter up to `_CAPTION_ROOM`."""
    bold, plain = caption_font(_SMALL, "bold"), caption_font(_SMALL, "normal")
    title = bold.getlength(fit_text(strip.title, bold, _CAPTION_ROOM))
    written = title + _SMALL / 2 + plain.getlength(strip.note[:LONGEST])
    return max(_width(strip), math.ceil(min(written, _CAPTION_ROOM)))


def _scale(image: np.ndarray, height: int) -> Image.Image:
    picture = Image.fromarray(image)
    if picture.height == height:
        return picture
    width = max(1, round(picture.width * height / picture.height))
    return picture.resize((width, height), Image.Resampling.LANCZOS)
