"""The sizes at which detectors look at a photograph."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

#: Pixels of the longer side that a larger photograph is scaled to; the next if nothing is found.
#: A detector sees faces of some 20 pixels, and takes twice as long for twice the pixels: MTCNN for
#: 12 million of them half a minute and 8 GB.
_SIDES = (640, 1920)


def looks(image: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Yields a photograph at one size after another, for who found nothing at those before.

    Args:
        image: uint8 `[height, width, 3]`.

    Yields:
        The photograph, never enlarged, and its pixels a pixel of `image`, at most 1.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    # Those past the photograph's own size look at it as it is, once.
    for side in sorted({min(side, longer) for side in _SIDES}):
        scale = side / longer
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        yield cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image, scale
