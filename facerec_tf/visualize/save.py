"""Atomic writing of figures and images."""

from __future__ import annotations

import os
from pathlib import Path

import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from facerec_tf.core.errors import require, require_positive
from facerec_tf.core.files import atomic_file
from facerec_tf.visualize.style import house_style


def save(figure: Figure, path: str | os.PathLike, dpi: float = 100) -> None:
    """Writes `figure` to `path`, in the format of its suffix.

    Args:
        figure: The figure.
        path: A file name ending in `.png`, `.pdf`, `.svg` or another format of Matplotlib.
        dpi: Pixels per inch.

    Raises:
        ArgumentError: If Matplotlib does not support the format, or `dpi` is not positive.
    """
    require_positive("dpi", dpi)
    known = FigureCanvasAgg.get_supported_filetypes()
    suffix = Path(path).suffix.lower().removeprefix(".")
    require(suffix in known, "path", f"a file ending in {', '.join(sorted(known))}", str(path))
    # Ticks are created when drawn, so drawing needs the style too.
    with house_style(), atomic_file(path) as temporary:
        figure.savefig(temporary, dpi=dpi, format=suffix)


def save_image(image: np.ndarray, path: str | os.PathLike) -> None:
    """Writes an image to `path` as PNG, without resampling.

    Args:
        image: uint8 `[h, w, 3]`, RGB.
        path: A file ending in `.png`.

    Raises:
        ArgumentError: If `image` has another shape or dtype, or `path` another suffix.
    """
    is_image = image.dtype == np.uint8 and image.ndim == 3 and image.shape[-1] == 3
    require(is_image, "image", "uint8 [h, w, 3]", f"{image.dtype} {image.shape}")
    require(Path(path).suffix.lower() == ".png", "path", "a file ending in .png", str(path))
    with atomic_file(path) as temporary:
        matplotlib.image.imsave(temporary, image, format="png")
