"""MobileFaceNet (1804.07573, table 1) and InsightFace's variants of it.

Stem 3×3 stride 2 – 3×3 depthwise; three stages of inverted bottlenecks 1×1 – 3×3 depthwise – 1×1,
the first unit of each with stride 2; 1×1 to 512 channels; head "GDC". InsightFace's `mbf` has
`scale` times as many channels between the bottlenecks, but the paper's number of groups in the stem
and of expanded channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.heads import HEADS
from facerec_tf.core.errors import require, require_count
from facerec_tf.core.lookup import lookup

#: Channels and groups of the stem.
STEM = 64

#: Per stage: channels, expanded channels of the first unit, and of the other units.
STAGES = ((64, 128, 128), (128, 256, 256), (128, 512, 256))


def mobilefacenet(
    *,
    embedding_size: int = 128,
    dropout: float = 0.0,
    input_shape: tuple[int, int, int] = (112, 112, 3),
    units: Sequence[int] = (1, 4, 6, 2),
    scale: int = 1,
    embedding_head: str = "GDC",
    name: str = "mobilefacenet",
) -> keras.Model:
    """Builds a MobileFaceNet; the defaults are those of the paper.

    Args:
        embedding_size: Length of the embedding.
        dropout: Fraction of the 512 pooled features dropped in training; 0 in the paper.
        input_shape: Height, width and channels of the input.
        units: Number of residual units in the stem and in each stage, not counting the stage's
            first unit; InsightFace calls it `blocks`. 1 in the stem stands for the 3×3 convolution
            in 64 groups.
        scale: Factor on the number of channels between bottlenecks.
        embedding_head: A key of `heads.HEADS`; InsightFace's MXNet `y1` uses "GDC-E".
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    blocks.check_arguments(embedding_size, dropout, input_shape)
    require(len(units) == 4 and min(units) >= 0, "units", "four non-negative integers", units)
    require_count("scale", scale)
    head = lookup(HEADS, embedding_head, "embedding_head")
    image, x = blocks.image_input(input_shape)
    x = _activated(blocks.conv(x, STEM * scale, 3, "stem_conv", stride=2, padding=1), "stem")
    x = _stem(x, units[0])
    for stage, (count, (width, *expanded)) in enumerate(zip(units[1:], STAGES, strict=True), 1):
        x = _bottleneck(x, expanded[0], width * scale, 2, f"stage{stage}_unit1")
        for unit in range(2, count + 2):
            x = _residual_unit(x, expanded[1], f"stage{stage}_unit{unit}")
    x = _activated(blocks.conv(x, 512, 1, "last_conv"), "last")
    return keras.Model(image, head(x, embedding_size, dropout), name=name)


def _stem(x: Any, count: int) -> Any:
    """Applies one grouped convolution if `count` is 1, else `count` residual units."""
    if count != 1:
        for unit in range(1, count + 1):
            x = _residual_unit(x, 2 * STEM, f"stem_unit{unit}")
        return x
    if x.shape[-1] == STEM:
        y = blocks.depthwise_conv(x, 3, "stem_depthwise", padding=1)
    else:
        y = blocks.grouped_conv(x, x.shape[-1], 3, STEM, "stem_grouped", padding=1)
    return _activated(y, "stem_depthwise")


def _residual_unit(x: Any, expanded: int, name: str) -> Any:
    return layers.Add(name=f"{name}_add")([x, _bottleneck(x, expanded, x.shape[-1], 1, name)])


def _bottleneck(x: Any, expanded: int, width: int, stride: int, name: str) -> Any:
    x = _activated(blocks.conv(x, expanded, 1, f"{name}_expand"), f"{name}_expand")
    x = blocks.depthwise_conv(x, 3, f"{name}_depthwise", stride=stride, padding=1)
    x = _activated(x, f"{name}_depthwise")
    return blocks.batch_norm(blocks.conv(x, width, 1, f"{name}_project"), f"{name}_project_bn")


def _activated(x: Any, name: str) -> Any:
    return blocks.prelu(blocks.batch_norm(x, f"{name}_bn"), f"{name}_prelu")
