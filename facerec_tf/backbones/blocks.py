"""The layers every backbone is made of: the only BatchNorm factory, convolutions, heads."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from facerec_tf.backbones.batch_norm import BatchNorm
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.backbones.prelu import PReLU
from facerec_tf.core.errors import require, require_count

#: Running-statistics momentum and ε of MXNet's ArcFace networks; PyTorch's use ε = 1e-5.
MOMENTUM, EPSILON = 0.9, 2e-5


def batch_norm(x: Any, name: str, scale: bool = True, **kwargs: Any) -> Any:
    """Normalises `x` over its last axis with the momentum and ε of the ArcFace networks."""
    return BatchNorm(momentum=MOMENTUM, epsilon=EPSILON, scale=scale, name=name, **kwargs)(x)


def prelu(x: Any, name: str) -> Any:
    """Applies a PReLU with one slope per channel, starting at 0.25."""
    slope = keras.initializers.Constant(0.25)
    return PReLU(alpha_initializer=slope, shared_axes=[1, 2], name=name)(x)


def conv(x: Any, filters: int, kernel: int, name: str, stride: int = 1, padding: int = 0) -> Any:
    """Convolves without bias, padding both sides alike.

    Keras' `same` pads a strided convolution on the far side only, which shifts the features by
    half a pixel against every published weight file.

    Args:
        x: `[batch, h, w, channels]`.
        filters: Number of output channels.
        kernel: Side of the kernel in pixels.
        name: Name of the layer.
        stride: Step in pixels.
        padding: Rows and columns of zeros added on each side.
    """
    x, mode = _pad(x, kernel, stride, padding, name)
    layer = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding=mode,
        use_bias=False,
        kernel_initializer=_initializer(),
        name=name,
    )
    return layer(x)


def depthwise_conv(x: Any, kernel: int, name: str, stride: int = 1, padding: int = 0) -> Any:
    """Convolves each channel by itself, without bias; arguments as in `conv`."""
    x, mode = _pad(x, kernel, stride, padding, name)
    layer = layers.DepthwiseConv2D(
        kernel,
        strides=stride,
        padding=mode,
        use_bias=False,
        depthwise_initializer=_initializer(),
        name=name,
    )
    return layer(x)


def image_input(input_shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """Returns the input tensor (pixels 0–255) and the same scaled to [−1, 1]."""
    image = keras.Input(input_shape, name="image")
    scaled = layers.Rescaling(1 / 127.5, offset=-1.0, name="scale_pixels")(image)
    return image, scaled


def embedding_head(x: Any, embedding_size: int, dropout: float) -> Any:
    """Applies ArcFace's head "E": BN – Dropout – Flatten – FC – BN with γ fixed to 1.

    The last two layers compute in float32 under every precision policy: the embedding's direction
    is the product, and float16 has three digits.
    """
    x = batch_norm(x, "head_bn")
    x = Dropout(dropout, name="head_dropout")(x)
    x = layers.Flatten(name="head_flatten")(x)
    x = layers.Dense(embedding_size, name="head_fc")(x)
    x = layers.Activation("linear", dtype="float32", name="head_float32")(x)
    return batch_norm(x, "embedding", scale=False, dtype="float32")


def check_arguments(embedding_size: int, dropout: float, input_shape: tuple[int, ...]) -> None:
    """Raises `ArgumentError` for arguments no backbone can be built from."""
    require_count("embedding_size", embedding_size)
    is_share = isinstance(dropout, (int, float)) and 0 <= dropout < 1
    require(is_share, "dropout", "at least 0 and below 1", dropout)
    is_image = len(input_shape) == 3 and min(input_shape) >= 1
    require(is_image, "input_shape", "(height, width, channels)", input_shape)


def _pad(x: Any, kernel: int, stride: int, padding: int, name: str) -> tuple[Any, str]:
    """Pads explicitly only where Keras' own padding would differ."""
    if padding == 0:
        return x, "valid"
    if stride == 1 and kernel == 2 * padding + 1:
        return x, "same"
    return layers.ZeroPadding2D(padding, name=f"{name}_pad")(x), "valid"


def _initializer() -> keras.initializers.Initializer:
    """He initialisation over the fan-out, as the MXNet training code draws it."""
    return keras.initializers.VarianceScaling(
        2.0, mode="fan_out", distribution="untruncated_normal"
    )
