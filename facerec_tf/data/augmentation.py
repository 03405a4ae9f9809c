"""Augmentation of training images, a batch at a time.

Takes all random numbers as an argument, one row of uniform numbers per image, so the result for an
image depends only on its own row. Disabled operations add no nodes to the graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import tensorflow as tf

from facerec_tf.config import AugmentationConfig

_COLUMNS = (
    "flip",
    "shift_x",
    "shift_y",
    "zoom",
    "rotate",
    "brightness",
    "contrast",
    "saturation",
    "grayscale",
    "blur",
    "downscale",
    "erase",
    "erase_area",
    "erase_aspect",
    "erase_x",
    "erase_y",
)

#: Uniform numbers in [0, 1) per image that `augment` takes, whatever is enabled.
NUM_DRAWS = len(_COLUMNS)

_ERASE_AREA = (0.02, 0.2)
_ERASE_ASPECT = 2.0
_GREY = 128
_LUMA = (0.299, 0.587, 0.114)
_BINOMIAL = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def augment(images: tf.Tensor, draws: tf.Tensor, config: AugmentationConfig) -> tf.Tensor:
    """Returns the augmented batch.

    Applies, in this order: mirroring; shift, zoom and rotation as one bilinear resampling, with the
    image reflected at its borders; loss of resolution; blur; saturation, contrast about the image's
    mean grey, brightness; erasure of a rectangle.

    Args:
        images: uint8 `[batch, height, width, 3]`, RGB, of static height and width.
        draws: float32 `[batch, NUM_DRAWS]`, uniform in [0, 1).
        config: Probabilities and strengths.

    Returns:
        uint8, of the shape of `images`.
    """
    draw = dict(zip(_COLUMNS, tf.unstack(draws, NUM_DRAWS, axis=1), strict=True))
    if config.flip:
        images = _flip(images, draw["flip"] < 0.5)
    if config.shift or config.zoom or config.rotate_degrees:
        images = _resample(images, draw, config)
    if config.downscale:
        images = _apply_to(images, draw["downscale"] < config.downscale, _halve_and_double)
    if config.blur:
        images = _apply_to(images, draw["blur"] < config.blur, _blur)
    if config.brightness or config.contrast or config.saturation or config.grayscale:
        images = _recolor(images, draw, config)
    if config.erase:
        images = _erase(images, draw, config.erase)
    return images


def _flip(images: tf.Tensor, chosen: tf.Tensor) -> tf.Tensor:
    width = images.shape[2]
    # Reversing [rows, width, 3] and selecting by a vector use kernels that copy blocks; a strided
    # slice and a broadcast condition take ten times as long.
    mirrored = tf.reshape(tf.reverse(tf.reshape(images, (-1, width, 3)), [1]), tf.shape(images))
    return tf.raw_ops.Select(condition=chosen, x=mirrored, y=images)


def _resample(
    images: tf.Tensor, draw: dict[str, tf.Tensor], config: AugmentationConfig
) -> tf.Tensor:
    height, width = images.shape[1:3]
    angle = _signed(draw["rotate"]) * math.radians(config.rotate_degrees)
    scale = 1.0 + _signed(draw["zoom"]) * config.zoom
    # The op takes the matrix from the output to the input.
    cosine, sine = tf.cos(angle) / scale, tf.sin(angle) / scale
    center_x, center_y = (width - 1) / 2, (height - 1) / 2
    to_x = center_x + _signed(draw["shift_x"]) * config.shift * width
    to_y = center_y + _signed(draw["shift_y"]) * config.shift * height
    zero = tf.zeros_like(cosine)
    transforms = tf.stack(
        [
            cosine,
            sine,
            center_x - cosine * to_x - sine * to_y,
            -sine,
            cosine,
            center_y + sine * to_x - cosine * to_y,
            zero,
            zero,
        ],
        axis=1,
    )
    resampled = tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=transforms,
        output_shape=(height, width),
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(_to_uint8(resampled), images.shape)


def _recolor(
    images: tf.Tensor, draw: dict[str, tf.Tensor], config: AugmentationConfig
) -> tf.Tensor:
    """Saturation, contrast and brightness: one 3x3 matrix and one offset for each image."""
    pixels = tf.reshape(tf.cast(images, tf.float32), (-1, images.shape[1] * images.shape[2], 3))
    luma = tf.constant(_LUMA)
    saturation = 1.0 + _signed(draw["saturation"]) * config.saturation
    saturation = tf.where(draw["grayscale"] < config.grayscale, 0.0, saturation)[:, None, None]
    contrast = 1.0 + _signed(draw["contrast"]) * config.contrast
    to_grey = tf.tile(luma[:, None], (1, 3))
    matrix = saturation * tf.eye(3) + (1.0 - saturation) * to_grey
    mean_grey = tf.linalg.matvec(tf.reduce_mean(pixels, axis=1), luma)
    offset = (1.0 - contrast) * mean_grey + _signed(draw["brightness"]) * (config.brightness * 255)
    recolored = tf.matmul(pixels, contrast[:, None, None] * matrix) + offset[:, None, None]
    return tf.reshape(_to_uint8(recolored), tf.shape(images))


def _erase(images: tf.Tensor, draw: dict[str, tf.Tensor], probability: float) -> tf.Tensor:
    height, width = images.shape[1:3]
    least, most = _ERASE_AREA
    area = least + draw["erase_area"] * (most - least)
    aspect = tf.exp(_signed(draw["erase_aspect"]) * math.log(_ERASE_ASPECT))
    rows = _span(height, tf.sqrt(area * aspect), draw["erase_y"])
    columns = _span(width, tf.sqrt(area / aspect), draw["erase_x"])
    chosen = (draw["erase"] < probability)[:, None, None]
    inside = chosen & rows[:, :, None] & columns[:, None, :]
    return tf.where(inside[..., None], tf.constant(_GREY, tf.uint8), images)


def _span(size: int, fraction: tf.Tensor, place: tf.Tensor) -> tf.Tensor:
    """Returns bool `[batch, size]`: a run of `fraction` of the pixels, at a random place."""
    length = tf.round(fraction * size)
    start = tf.floor(place * (size - length + 1.0))
    positions = tf.range(size, dtype=tf.float32)[None, :]
    return (positions >= start[:, None]) & (positions < (start + length)[:, None])


def _apply_to(
    images: tf.Tensor, chosen: tf.Tensor, operation: Callable[[tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """Returns `images` with `operation` applied to those that are `chosen`."""
    places = tf.where(chosen)

    def apply() -> tf.Tensor:
        changed = operation(tf.cast(tf.gather(images, places[:, 0]), tf.float32))
        return tf.tensor_scatter_nd_update(images, places, _to_uint8(changed))

    # Some kernels do not accept empty batches.
    return tf.cond(tf.size(places) > 0, apply, lambda: images)


def _blur(images: tf.Tensor) -> tf.Tensor:
    kernel = tf.tile(tf.constant(_BINOMIAL)[:, None, None], (1, 3, 1))
    padded = tf.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="REFLECT")
    for shape in ((5, 1, 3, 1), (1, 5, 3, 1)):
        padded = tf.nn.depthwise_conv2d(
            padded, tf.reshape(kernel, shape), strides=(1, 1, 1, 1), padding="VALID"
        )
    return padded


def _halve_and_double(images: tf.Tensor) -> tf.Tensor:
    height, width = images.shape[1:3]
    half = tf.image.resize(images, (height // 2, width // 2), method="area")
    return tf.image.resize(half, (height, width), method="bilinear")


def _signed(draw: tf.Tensor) -> tf.Tensor:
    return 2.0 * draw - 1.0


def _to_uint8(images: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.round(tf.clip_by_value(images, 0.0, 255.0)), tf.uint8)
