"""Decoding of images inside a graph, and checks that describe damaged ones."""

from __future__ import annotations

import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data.codec import JPEG_END, JPEG_START, PNG_END, PNG_START, is_whole
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import Record

#: First words of the error of `decode`; file name, found and expected size follow.
WRONG_SIZE = "Image of another size than the manifest says:"


def looks_whole(encoded: tf.Tensor) -> tf.Tensor:
    """Returns, inside a graph, whether the bytes begin and end like a JPEG or PNG.

    Decoders fill the missing part of a truncated file with grey; checking the end costs nothing.

    Args:
        encoded: string of any shape.

    Returns:
        bool, of the shape of `encoded`.
    """
    # Padding, as substr fails for strings that are too short.
    padding = b"\0" * 8
    head = tf.strings.substr(encoded + padding, 0, 8)
    tail = tf.strings.substr(padding + encoded, -8, 8)
    jpeg = (tf.strings.substr(head, 0, 2) == JPEG_START) & (
        tf.strings.substr(tail, -2, 2) == JPEG_END
    )
    return jpeg | ((head == PNG_START) & (tail == PNG_END))


def decode_any(encoded: tf.Tensor | bytes) -> tf.Tensor:
    """Decodes one JPEG or PNG of any size: uint8 `[height, width, 3]`, RGB.

    Uses the exact inverse DCT of libjpeg; TensorFlow's default differs by up to 3 levels.
    """
    return tf.io.decode_jpeg(encoded, channels=3, dct_method="INTEGER_ACCURATE")


def decode(encoded: tf.Tensor, filename: tf.Tensor, image_size: tuple[int, int]) -> tf.Tensor:
    """Decodes one JPEG or PNG inside a graph.

    Args:
        encoded: string scalar.
        filename: string scalar, for the error message.
        image_size: Height and width that the image must have.

    Returns:
        uint8 `[height, width, 3]`, RGB.

    Raises:
        tf.errors.InvalidArgumentError: When run, if it cannot be decoded or has another size.
    """
    image = decode_any(encoded)
    found, expected = tf.shape(image)[:2], tf.constant(image_size)
    tf.debugging.Assert(tf.reduce_all(found == expected), [WRONG_SIZE, filename, found, expected])
    image.set_shape((*image_size, 3))
    return image


def check_image(encoded: bytes, image_size: tuple[int, int], name: str) -> str | None:
    """Returns why an image is damaged, or None if it is not.

    Args:
        encoded: The bytes.
        image_size: Expected height and width.
        name: Name of the image, for the error message.

    Raises:
        DataError: If an undamaged image has another size.
    """
    if not encoded:
        return "the image is empty"
    if not is_whole(encoded):
        return f"the image is truncated, or neither JPEG nor PNG ({len(encoded)} bytes)"
    try:
        image = decode_any(encoded)
    except tf.errors.InvalidArgumentError:
        return f"the image cannot be decoded ({len(encoded)} bytes)"
    if tuple(image.shape[:2]) != tuple(image_size):
        height, width, _ = image.shape
        expected = f"{image_size[0]}x{image_size[1]}"
        raise DataError(f"Image {name} is {height}x{width} pixels, expected {expected}.")
    return None


def image_fault(record: Record, manifest: Manifest, path: str) -> str | None:
    """Returns why the image of `record` in the shard at `path` is damaged, with its name, or None.

    Raises:
        DataError: If an undamaged image has another size than the manifest says.
    """
    name = f"'{record.filename}' in '{path}'"
    reason = check_image(record.encoded, manifest.image_size, name)
    return f"Image {name}: {reason}." if reason else None
