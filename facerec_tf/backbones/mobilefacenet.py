"""MobileFaceNet (1804.07573, table 1): 0.99 M parameters for phones and CPUs."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.dropout import Dropout

#: Table 1's bottlenecks: expansion, channels, units, stride of the first unit.
BOTTLENECKS = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))


def mobilefacenet(
    *,
    embedding_size: int = 128,
    dropout: float = 0.0,
    input_shape: tuple[int, int, int] = (112, 112, 3),
) -> keras.Model:
    """Builds MobileFaceNet as the paper lays it out.

    Args:
        embedding_size: Length of the embedding.
        dropout: Share of the 512 pooled features dropped; the paper drops none.
        input_shape: Height, width and channels of the input.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    blocks.check_arguments(embedding_size, dropout, input_shape)
    image, x = blocks.image_input(input_shape)
    x = _activated(blocks.conv(x, 64, 3, "stem_conv", stride=2, padding=1), "stem")
    x = _activated(blocks.depthwise_conv(x, 3, "stem_depthwise", padding=1), "stem_depthwise")
    for stage, (expansion, width, units, stride) in enumerate(BOTTLENECKS, start=1):
        for unit in range(1, units + 1):
            name = f"stage{stage}_unit{unit}"
            x = _bottleneck(x, expansion, width, stride if unit == 1 else 1, name)
    x = _activated(blocks.conv(x, 512, 1, "last_conv"), "last")
    # Global depthwise convolution: as large as what is left of the image, one weight a position.
    x = blocks.depthwise_conv(x, x.shape[1], "gdc_depthwise")
    x = blocks.batch_norm(x, "gdc_bn")
    x = Dropout(dropout, name="head_dropout")(x)
    x = blocks.conv(x, embedding_size, 1, "gdc_linear")
    x = layers.Flatten(dtype="float32", name="head_flatten")(x)
    x = blocks.batch_norm(x, "embedding", dtype="float32")
    return keras.Model(image, x, name="mobilefacenet")


def _bottleneck(x: Any, expansion: int, width: int, stride: int, name: str) -> Any:
    y = _activated(blocks.conv(x, expansion * x.shape[-1], 1, f"{name}_expand"), f"{name}_expand")
    y = blocks.depthwise_conv(y, 3, f"{name}_depthwise", stride=stride, padding=1)
    y = _activated(y, f"{name}_depthwise")
    y = blocks.batch_norm(blocks.conv(y, width, 1, f"{name}_project"), f"{name}_project_bn")
    if stride == 1 and x.shape[-1] == width:
        y = layers.Add(name=f"{name}_add")([x, y])
    return y


def _activated(x: Any, name: str) -> Any:
    return blocks.prelu(blocks.batch_norm(x, f"{name}_bn"), f"{name}_prelu")
