"""Contact sheet: a grid of images, for example of a data set or its augmentations."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from facerec_tf.core.errors import require, require_count
from facerec_tf.visualize.captions import caption_font, fit_name
from facerec_tf.visualize.style import INK

#: Height of the area for a label, in pixels.
LABEL_HEIGHT = 18

_FONT_SIZE = 11


def contact_sheet(
    images: np.ndarray,
    columns: int | None = None,
    labels: Sequence[str] | None = None,
    pad: int = 2,
) -> np.ndarray:
    """Returns an image with `images` in a grid on white.

    Args:
        images: uint8 `[n, h, w, 3]`, or `[rows, columns, h, w, 3]` for a given grid, for example
            one identity per row.
        columns: Number of images per row, for 4-D `images`. Default: an approximately square grid.
        labels: One caption per image, row by row, drawn below the image; long ones are shortened
            in their middle.
        pad: Width of the white margins between and around images, in pixels.

    Returns:
        uint8 `[height, width, 3]`.

    Raises:
        ArgumentError: If `images` has another shape or dtype, `columns` contradicts its grid, or
            there is not one label per image.
    """
    images = np.asarray(images)
    is_sheet = images.dtype == np.uint8 and images.ndim in (4, 5) and images.shape[-1] == 3
    expected = "uint8 [n, h, w, 3] or [rows, columns, h, w, 3]"
    require(is_sheet and images.size > 0, "images", expected, f"{images.dtype} {images.shape}")
    require_count("pad", pad, least=0)
    if images.ndim == 5:
        of_grid = columns in (None, images.shape[1])
        require(of_grid, "columns", f"{images.shape[1]}, as in the grid of images", columns)
        columns = images.shape[1]
        images = images.reshape(-1, *images.shape[2:])
    columns = math.ceil(math.sqrt(len(images))) if columns is None else columns
    require_count("columns", columns)
    if labels is not None:
        require(len(labels) == len(images), "labels", f"{len(images)} captions", len(labels))
    return _lay_out(images, min(columns, len(images)), labels, pad)


def _lay_out(
    images: np.ndarray, columns: int, labels: Sequence[str] | None, pad: int
) -> np.ndarray:
    count, height, width = images.shape[:3]
    rows = math.ceil(count / columns)
    strip = LABEL_HEIGHT if labels is not None else 0
    step_y, step_x = height + strip + pad, width + pad
    sheet = np.full((pad + rows * step_y, pad + columns * step_x, 3), 255, np.uint8)
    corners = [(pad + (i // columns) * step_y, pad + (i % columns) * step_x) for i in range(count)]
    for image, (y, x) in zip(images, corners, strict=True):
        sheet[y : y + height, x : x + width] = image
    if labels is None:
        return sheet
    return _write(sheet, labels, [(x, y + height) for y, x in corners], width)


def _write(
    sheet: np.ndarray, labels: Sequence[str], places: list[tuple[int, int]], width: int
) -> np.ndarray:
    """Returns `sheet` with each label in the strip at x and y, which is `width` pixels wide."""
    picture, font = Image.fromarray(sheet), caption_font(_FONT_SIZE)
    draw = ImageDraw.Draw(picture)
    for label, (x, y) in zip(labels, places, strict=True):
        middle = (x + width / 2, y + LABEL_HEIGHT / 2)
        draw.text(middle, fit_name(label, font, width), fill=INK, font=font, anchor="mm")
    return np.asarray(picture)
