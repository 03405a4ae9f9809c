"""Encoded images outside a graph: JPEG and PNG bytes, without TensorFlow."""

from __future__ import annotations

import cv2
import numpy as np

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
PNG_START, PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"

_FRAMES = ((JPEG_START, JPEG_END), (PNG_START, PNG_END))


def encode_jpeg(image: np.ndarray, quality: int = 95) -> bytes:
    """Returns RGB `image`, uint8 `[height, width, 3]`, as JPEG of `quality` 1 to 100."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def without_padding(encoded: bytes) -> bytes:
    """Returns the bytes of a JPEG without what some cameras and tools append to it."""
    return encoded.rstrip(b"\0\r\n ") if is_jpeg(encoded) else encoded


def is_jpeg(encoded: bytes) -> bool:
    """Returns whether the bytes begin as a JPEG does."""
    return encoded.startswith(JPEG_START)


def is_whole(encoded: bytes) -> bool:
    """Returns whether the bytes begin and end as a JPEG or PNG does; see `images.looks_whole`."""
    return any(encoded.startswith(start) and encoded.endswith(end) for start, end in _FRAMES)


def is_truncated(encoded: bytes) -> bool:
    """Returns whether the bytes begin as a JPEG or PNG does, but do not end so."""
    return not is_whole(encoded) and any(encoded.startswith(start) for start, _ in _FRAMES)
