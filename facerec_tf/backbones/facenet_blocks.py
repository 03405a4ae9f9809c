"""Layers shared by FaceNet's networks (1503.03832): convolutions with ReLU, pooling, head."""

from __future__ import annotations

from typing import Any

from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.backbones.local_response_norm import LocalResponseNorm
from facerec_tf.core.errors import require, require_flag

#: The networks halve the image five times.
LEAST_SIZE = 32


def check_arguments(
    embedding_size: int, dropout: float, input_shape: tuple[int, ...], batch_norm: bool
) -> None:
    """Raises `ArgumentError` if an argument of the networks is outside its domain."""
    blocks.check_arguments(embedding_size, dropout, input_shape)
    expected = f"at least {LEAST_SIZE}×{LEAST_SIZE} pixels"
    require(min(input_shape[:2]) >= LEAST_SIZE, "input_shape", expected, input_shape)
    require_flag("batch_norm", batch_norm)


def conv(x: Any, filters: int, kernel: int, name: str, batch_norm: bool, stride: int = 1) -> Any:
    """Convolution – ReLU, or convolution without bias – BatchNorm – ReLU.

    The same padding on both sides makes the output's size the input's divided by `stride`, rounded
    up. Weights have Glorot's initialisation: with He's larger scale, L2 pooling would make the
    features grow from layer to layer.
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
    """Max pooling over 3×3 pixels with stride 2; the size is halved, rounded up.

    Zeros, which never exceed the output of a ReLU, are added on both sides, so that the windows are
    where those of strided convolutions are. Keras' `same` would shift them by a pixel.
    """
    x = layers.ZeroPadding2D(1, name=f"{name}_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name=name)(x)


def norm(x: Any, name: str, batch_norm: bool) -> Any:
    """Local response normalisation, unless every convolution has a BatchNorm."""
    return x if batch_norm else LocalResponseNorm(name=name)(x)


def embed(x: Any, embedding_size: int, dropout: float) -> Any:
    """Dropout – FC to the embedding, in float32 under every precision policy."""
    x = Dropout(dropout, name="head_dropout")(x)
    return layers.Dense(embedding_size, dtype="float32", name="embedding")(x)
