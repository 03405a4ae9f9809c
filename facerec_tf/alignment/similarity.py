"""The similarity transform that maps five landmarks to fixed positions in the crop."""

from __future__ import annotations

import cv2
import numpy as np

from facerec_tf.alignment.templates import ARCFACE_112, Template
from facerec_tf.core.errors import require


def similarity_transform(landmarks: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Returns the rotation, uniform scale and shift that best map `landmarks` to `target`.

    The least-squares solution of Umeyama, "Least-squares estimation of transformation parameters
    between two point patterns", IEEE PAMI 13(4), 1991; reflections excluded.

    Args:
        landmarks: float `[points, 2]`, x and y in pixels of the photograph.
        target: float `[points, 2]`, x and y in pixels of the crop.

    Returns:
        float64 `[2, 3]`, the matrix A with crop point = A · (x, y, 1).

    Raises:
        ArgumentError: If the points are not finite, differ in number, or all coincide.
    """
    source = _points("landmarks", landmarks)
    target = _points("target", target)
    require(source.shape == target.shape, "landmarks", f"of shape {target.shape}", source.shape)
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    source_centred, target_centred = source - source_mean, target - target_mean
    variance = source_centred.var(axis=0).sum()
    require(variance > 0, "landmarks", "at least two different points", source.tolist())

    u, singular, vt = np.linalg.svd(target_centred.T @ source_centred / len(source))
    signs = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt))])
    scaled_rotation = (singular @ signs / variance) * (u * signs) @ vt
    shift = target_mean - scaled_rotation @ source_mean
    return np.column_stack([scaled_rotation, shift])


def crop(image: np.ndarray, landmarks: np.ndarray, template: Template = ARCFACE_112) -> np.ndarray:
    """Returns the aligned crop of one face, by linear interpolation, black outside the photograph.

    Args:
        image: uint8 `[height, width, 3]`.
        landmarks: float `[5, 2]`, x and y in pixels of `image`, in the order of `Face.landmarks`.
        template: Target positions of the landmarks, and the size of the crop.

    Returns:
        uint8 `[*template.size, 3]`, with the channel order of `image`.

    Raises:
        ArgumentError: If an argument has the wrong shape or all landmarks coincide.
    """
    is_image = image.ndim == 3 and image.shape[2] == 3 and image.dtype == np.uint8
    require(is_image, "image", "uint8 of shape [height, width, 3]", (image.dtype, image.shape))
    transform = similarity_transform(landmarks, template.points)
    height, width = template.size
    return cv2.warpAffine(image, transform, (width, height), flags=cv2.INTER_LINEAR)


def _points(name: str, value: np.ndarray) -> np.ndarray:
    points = np.asarray(value, dtype=np.float64)
    require(points.ndim == 2 and points.shape[1] == 2, name, "of shape (points, 2)", points.shape)
    require(bool(np.isfinite(points).all()), name, "finite", points.tolist())
    return points
