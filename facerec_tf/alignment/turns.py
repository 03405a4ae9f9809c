"""Photographs turned by quarters of a circle."""

from __future__ import annotations

import numpy as np

from facerec_tf.alignment.face import Face


def turned_image(image: np.ndarray, quarters: int) -> np.ndarray:
    """Returns an image `[height, width, 3]` turned counter-clockwise by `quarters` × 90 degrees."""
    return np.ascontiguousarray(np.rot90(image, quarters))


def turned_back(face: Face, quarters: int, image_size: tuple[int, int]) -> Face:
    """Returns a face found in a turned image, in the coordinates of the image before the turn.

    Args:
        face: The face in the image that `turned_image` returned.
        quarters: The argument of `turned_image`.
        image_size: Height and width of the image before the turn.
    """
    corner = face.box[:2]
    corners = np.stack([corner, corner + face.box[2:]])
    landmarks = face.landmarks
    height, width = image_size
    # One turn after the other: each exchanges height and width.
    sizes = [(height, width), (width, height)]
    for quarter in reversed(range(quarters)):
        before = sizes[quarter % 2][1]
        corners = np.stack([before - corners[:, 1], corners[:, 0]], axis=1)
        # Pixels have their centres at whole numbers.
        landmarks = np.stack([before - 1 - landmarks[:, 1], landmarks[:, 0]], axis=1)
    low, high = corners.min(axis=0), corners.max(axis=0)
    box = np.concatenate([low, high - low]).astype(np.float32)
    return face._replace(box=box, landmarks=landmarks.astype(np.float32))
