"""The sizes to which photographs are scaled for detection."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

#: Longer sides in pixels. A photograph larger than the first is scaled down to it, and only if no
#: face is found, to the second. Detectors find faces of 20 pixels or more, and their time grows
#: with the number of pixels: MTCNN takes half a minute and 8 GB for 12 million.
_SIDES = (640, 1920)


def scaled_images(image: np.ndarray) -> Iterator[tuple[np.ndarray, float]]:
    """Yields a photograph at increasing sizes, to be tried until a face is found.

    Args:
        image: uint8 `[height, width, 3]`.

    Yields:
        The photograph, never enlarged, and the scale relative to `image`, at most 1.
    """
    height, width = image.shape[:2]
    longer = max(height, width)
    # A photograph smaller than several of the sizes is yielded once, as it is.
    for side in sorted({min(side, longer) for side in _SIDES}):
        scale = side / longer
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        yield cv2.resize(image, size, interpolation=cv2.INTER_AREA) if scale < 1 else image, scale
