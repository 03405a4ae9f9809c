"""JPEG and PNG bytes outside a graph, without TensorFlow."""

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
    """Removes the zeros and line ends that some cameras and tools append to JPEGs."""
    return encoded.rstrip(b"\0\r\n ") if is_jpeg(encoded) else encoded


def is_jpeg(encoded: bytes) -> bool:
    """Returns whether the bytes begin like a JPEG."""
    return encoded.startswith(JPEG_START)


def is_whole(encoded: bytes) -> bool:
    """Returns whether the bytes begin and end like a JPEG or PNG; see `images.looks_whole`."""
    return any(encoded.startswith(start) and encoded.endswith(end) for start, end in _FRAMES)


def is_truncated(encoded: bytes) -> bool:
    """Returns whether the bytes begin, but do not end, like a JPEG or PNG."""
    return not is_whole(encoded) and any(encoded.startswith(start) for start, _ in _FRAMES)
