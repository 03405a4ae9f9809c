"""Layers shared by all backbones: the only BatchNorm factory, convolutions, activations."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from facerec_tf.backbones.batch_norm import BatchNorm
from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.backbones.prelu import PReLU
from facerec_tf.core.errors import require, require_count

#: Momentum and ε of the BatchNorm layers in MXNet's ArcFace networks; PyTorch's use ε = 1e-5.
MOMENTUM, EPSILON = 0.9, 2e-5

#: A side in pixels, or a height and a width.
Size = int | tuple[int, int]


def batch_norm(
    x: Any,
    name: str,
    scale: bool = True,
    momentum: float = MOMENTUM,
    epsilon: float = EPSILON,
    **kwargs: Any,
) -> Any:
    """Normalises `x` over its last axis; the defaults are those of the ArcFace networks."""
    return BatchNorm(momentum=momentum, epsilon=epsilon, scale=scale, name=name, **kwargs)(x)


def prelu(x: Any, name: str) -> Any:
    """Applies a PReLU with one slope per channel, starting at 0.25."""
    slope = keras.initializers.Constant(0.25)
    return PReLU(alpha_initializer=slope, shared_axes=[1, 2], name=name)(x)


def conv(
    x: Any,
    filters: int,
    kernel: Size,
    name: str,
    stride: int = 1,
    padding: Size = 0,
    use_bias: bool = False,
) -> Any:
    """Convolves with the same padding on both sides.

    Keras' `same` pads a strided convolution at the right and bottom only, which shifts the features
    by half a pixel relative to every published weight file.

    Args:
        x: `[batch, h, w, channels]`.
        filters: Number of output channels.
        kernel: Side of the kernel in pixels, or its height and width.
        name: Name of the layer.
        stride: Step in pixels.
        padding: Zeros added on each side: one number, or a number of rows and one of columns.
        use_bias: Whether to add a bias.
    """
    x, mode = _pad(x, kernel, stride, padding, name)
    layer = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding=mode,
        use_bias=use_bias,
        kernel_initializer=he_normal(),
        name=name,
    )
    return layer(x)


def depthwise_conv(x: Any, kernel: Size, name: str, stride: int = 1, padding: Size = 0) -> Any:
    """Depthwise convolution without bias; arguments as in `conv`."""
    x, mode = _pad(x, kernel, stride, padding, name)
    layer = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding=mode,
        use_bias=False,
        depthwise_initializer=he_normal(),
        name=name,
    )
    return layer(x)


def grouped_conv(
    x: Any, filters: int, kernel: Size, groups: int, name: str, stride: int = 1, padding: Size = 0
) -> Any:
    """Grouped convolution without bias; arguments as in `conv`."""
    x, mode = _pad(x, kernel, stride, padding, name)
    layer = GroupedConv2D(
        filters,
        kernel,
        strides=stride,
        padding=mode,
        groups=groups,
        use_bias=False,
        kernel_initializer=he_normal(),
        name=name,
    )
    return layer(x)


def image_input(input_shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Returns the input tensor (pixels 0–255) and the same scaled to [−1, 1]."""
    image = keras.Input(input_shape, name="image")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale_pixels")(image)
    return image, scaled


def he_normal() -> keras.initializers.Initializer:
    """He initialisation over the fan-out, as in the MXNet training code."""
    return keras.initializers.VarianceScaling(
        2.0, mode="fan_out", distribution="untruncated_normal"
    )


def narrow_normal() -> keras.initializers.Initializer:
    """Normal initialisation with σ = 0.02, as in timm, whose truncation at ±2 has no effect."""
    return keras.initializers.RandomNormal(stddev=0.02)


def check_arguments(embedding_size: int, dropout: float, input_shape: tuple[int, ...]) -> None:
    """Raises `ArgumentError` if an argument common to all backbones is outside its domain.

    So is the image format in the configuration of Keras: layers would take the height of an image
    for its channels.
    """
    order = keras.config.image_data_format()
    require(order == "channels_last", "image_data_format", "'channels_last' in Keras", order)
    require_count("embedding_size", embedding_size)
    check_rate("dropout", dropout)
    is_image = len(input_shape) == 3 and min(input_shape) >= 1
    require(is_image, "input_shape", "(height, width, channels)", input_shape)


def check_rate(name: str, value: float) -> None:
    """Raises `ArgumentError` unless `value` is a fraction that may be dropped in training."""
    is_share = isinstance(value, (int, float)) and 0 <= value < 1
    require(is_share, name, "at least 0 and below 1", value)


def _pad(x: Any, kernel: Size, stride: int, padding: Size, name: str) -> tuple[Any, str]:
    """Adds a padding layer only where Keras' own padding would differ."""
    (height, width), (rows, columns) = _pair(kernel), _pair(padding)
    if rows == columns == 0:
        return x, "valid"
    if stride == 1 and (height, width) == (2 * rows + 1, 2 * columns + 1):
        return x, "same"
    return layers.ZeroPadding2D((rows, columns), name=f"{name}_pad")(x), "valid"


def _pair(size: Size) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else size
