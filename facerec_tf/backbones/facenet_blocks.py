"""What FaceNet's networks (1503.03832) share: rectified convolutions, pooling, head."""

from __future__ import annotations

from typing import Any

from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.backbones.local_response_norm import LocalResponseNorm
from facerec_tf.core.errors import require, require_flag

#: Five times, the image is halved.
LEAST_SIZE = 32


def check_arguments(
    embedding_size: int, dropout: float, input_shape: tuple[int, ...], batch_norm: bool
) -> None:
    """Raises `ArgumentError` for arguments none of the networks can be built from."""
    blocks.check_arguments(embedding_size, dropout, input_shape)
    expected = f"at least {LEAST_SIZE}×{LEAST_SIZE} pixels"
    require(min(input_shape[:2]) >= LEAST_SIZE, "input_shape", expected, input_shape)
    require_flag("batch_norm", batch_norm)


def conv(x: Any, filters: int, kernel: int, name: str, batch_norm: bool, stride: int = 1) -> Any:
    """Convolves with bias, or without and a BatchNorm after it, and rectifies.

    The image is padded on both sides alike, so that `stride` divides its size, rounded up.
    Initialised as Glorot has it: L2 pooling enlarges the features, with He's scale, past all use.
    """
    if stride > 1:
        x = layers.ZeroPadding2D(kernel // 2, name=f"{name}_pad")(x)
    x = layers.Conv2D(
        filters,
        kernel,
        strides=stride,
        padding="same" if stride == 1 else "valid",
        use_bias=not batch_norm,
        name=f"{name}_conv",
    )(x)
    if batch_norm:
        x = blocks.batch_norm(x, f"{name}_bn")
    return layers.ReLU(name=f"{name}_relu")(x)


def halve(x: Any, name: str) -> Any:
    """Takes the maximum of 3×3 pixels, every second pixel: sizes are halved, rounded up.

    Zeros on both sides alike, which never exceed a rectified feature, keep the windows where
    strided convolutions have theirs; Keras' `same` would shift them by a pixel.
    """
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)


def norm(x: Any, name: str, batch_norm: bool) -> Any:
    """Normalises locally, unless every convolution has a BatchNorm."""
    return x if batch_norm else LocalResponseNorm(name=name)(x)


def embed(x: Any, embedding_size: int, dropout: float) -> Any:
    """Drops features and maps them to the embedding, in float32 under every precision policy."""
    x = Dropout(dropout, name="head_dropout")(x)
    return layers.Dense(embedding_size, dtype="float32", name="embedding")(x)
