"""Encoded images: writing JPEG, decoding inside a graph, and telling what ails a damaged one."""

from __future__ import annotations

import cv2
import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError

_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"
_PNG_START, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"

#: First words of the error `decode` raises in the graph; file name, size found and expected follow.
WRONG_SIZE = "Image of another size than the manifest says:"


def encode_jpeg(image: np.ndarray, quality: int = 95) -> bytes:
    """Returns RGB `image`, uint8 `[height, width, 3]`, as JPEG of `quality` 1 to 100."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def decode_rgb(encoded: bytes) -> np.ndarray | None:
    """Returns the RGB image, uint8 `[height, width, 3]`, or None if OpenCV cannot decode it.

    Orientation tags are applied, as cameras mean them.
    """
    if not encoded:
        return None
    image = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def is_jpeg(encoded: bytes) -> bool:
    """Returns whether the bytes begin as a JPEG does."""
    return encoded.startswith(_JPEG_START)


def is_whole(encoded: bytes) -> bool:
    """Returns whether the bytes begin and end as a JPEG or PNG does; see `looks_whole`."""
    return any(
        encoded.startswith(start) and encoded.endswith(end)
        for start, end in ((_JPEG_START, _JPEG_END), (_PNG_START, _PNG_END))
    )


def looks_whole(encoded: tf.Tensor) -> tf.Tensor:
    """Returns inside a graph whether the bytes begin and end as a JPEG or PNG does.

    Decoders fill in what a truncated file lacks with grey; its missing end gives it away, and
    looking for that costs nothing.

    Args:
        encoded: string scalar.

    Returns:
        bool scalar.
    """
    # Padding keeps substr within strings shorter than what is compared.
    padding = b"\0" * 8
    head = tf.strings.substr(encoded + padding, 0, 8)
    tail = tf.strings.substr(padding + encoded, -8, 8)
    jpeg = (tf.strings.substr(head, 0, 2) == _JPEG_START) & (
        tf.strings.substr(tail, -2, 2) == _JPEG_END
    )
    return jpeg | ((head == _PNG_START) & (tail == _PNG_END))


def decode(encoded: tf.Tensor, filename: tf.Tensor, image_size: tuple[int, int]) -> tf.Tensor:
    """Decodes one JPEG or PNG inside a graph, with the exact inverse DCT of libjpeg.

    Args:
        encoded: string scalar.
        filename: string scalar, for the error.
        image_size: Height and width that the image must have.

    Returns:
        uint8 `[height, width, 3]`, RGB.

    Raises:
        tf.errors.InvalidArgumentError: When run, if it cannot be decoded or has another size.
    """
    image = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    found, expected = tf.shape(image)[:2], tf.constant(image_size)
    tf.debugging.Assert(tf.reduce_all(found == expected), [WRONG_SIZE, filename, found, expected])
    image.set_shape((*image_size, 3))
    return image


def check_image(encoded: bytes, image_size: tuple[int, int]) -> str | None:
    """Returns why the pipeline would not use the image, or None if it is sound.

    Raises:
        DataError: If the image is sound but of another size.
    """
    if not encoded:
        return "the image is empty"
    if not is_whole(encoded):
        return f"the image is truncated, or neither JPEG nor PNG ({len(encoded)} bytes)"
    try:
        image = tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")
    except tf.errors.InvalidArgumentError:
        return f"the image cannot be decoded ({len(encoded)} bytes)"
    if tuple(image.shape[:2]) != tuple(image_size):
        height, width, _ = image.shape
        raise DataError(f"is {height}x{width} pixels, expected {image_size[0]}x{image_size[1]}")
    return None
