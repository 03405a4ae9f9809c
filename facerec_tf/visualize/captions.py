"""Captions of pictures: the font of the house style, and text that fits its space."""

from __future__ import annotations

import functools
import unicodedata

from matplotlib.font_manager import FontProperties, findfont
from PIL import ImageFont

#: Maximum number of characters of a caption.
LONGEST = 400


@functools.lru_cache
def caption_font(size: int, weight: str = "normal") -> ImageFont.FreeTypeFont:
    """The font of the house style, which Matplotlib includes.

    Args:
        size: Height in pixels.
        weight: "normal" or "bold".
    """
    return ImageFont.truetype(findfont(FontProperties(family="DejaVu Sans", weight=weight)), size)


def fit_text(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Returns printable `text`, shortened at its end with "…" to at most `width` pixels."""
    text = _printable(text[:LONGEST])
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text.rstrip() + "…" if text else ""


def fit_name(name: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Returns a printable file name, shortened in its middle with "…" to at most `width` pixels.

    Names of one folder differ at their end, and those of different people at their beginning.
    """
    name = _printable(name[:LONGEST])
    if font.getlength(name) <= width:
        return name
    for kept in range(len(name) - 1, 0, -1):
        shortened = f"{name[: (kept + 1) // 2]}…{name[len(name) - kept // 2 :]}"
        if font.getlength(shortened) <= width:
            return shortened
    return ""


def _printable(text: str) -> str:
    text = unicodedata.normalize("NFC", text)
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
