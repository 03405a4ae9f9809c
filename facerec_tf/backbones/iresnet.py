"""IResNet, the improved residual network of ArcFace (1801.07698 §3.1, after 2004.04989).

Stem 3×3 stride 1 – BN – PReLU; four stages of units BN – 3×3 – BN – PReLU – 3×3 (stride) – BN, the
first unit of each with stride 2 and a 1×1 shortcut; head "E". Optional: stochastic depth
(1603.09382), and squeeze-and-excitation (1709.01507) where InsightFace's MXNet code has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.drop_path import DropPath, drop_path_rates
from facerec_tf.backbones.heads import HEADS
from facerec_tf.core.errors import require_flag
from facerec_tf.core.lookup import lookup

#: Factor by which the squeeze reduces the number of channels.
SE_REDUCTION = 16

InputShape = tuple[int, int, int]


def iresnet(
    units: Sequence[int],
    widths: Sequence[int] = (64, 128, 256, 512),
    *,
    embedding_size: int = 512,
    dropout: float = 0.4,
    input_shape: InputShape = (112, 112, 3),
    se: bool = False,
    drop_path: float = 0.0,
    embedding_head: str = "E",
    name: str = "iresnet",
) -> keras.Model:
    """Builds an IResNet.

    Args:
        units: Residual units per stage.
        widths: Channels per stage; the stem has as many as the first stage.
        embedding_size: Length of the embedding.
        dropout: Fraction of the features dropped before the FC in training.
        input_shape: Height, width and channels of the input.
        se: Whether each unit has squeeze-and-excitation.
        drop_path: Fraction of the samples for which training drops the last unit's residual
            branch; it grows linearly from 0 at the first unit.
        embedding_head: A key of `heads.HEADS`.
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    blocks.check_arguments(embedding_size, dropout, input_shape)
    require_flag("se", se)
    blocks.check_rate("drop_path", drop_path)
    head = lookup(HEADS, embedding_head, "embedding_head")
    rates = iter(drop_path_rates(drop_path, sum(units)))
    image, x = blocks.image_input(input_shape)
    x = blocks.conv(x, widths[0], 3, "stem_conv", padding=1)
    x = blocks.batch_norm(x, "stem_bn")
    x = blocks.prelu(x, "stem_prelu")
    for stage, (count, width) in enumerate(zip(units, widths, strict=True), start=1):
        for unit in range(1, count + 1):
            stride = 2 if unit == 1 else 1
            x = _residual_unit(x, width, stride, se, next(rates), f"stage{stage}_unit{unit}")
    return keras.Model(image, head(x, embedding_size, dropout), name=name)


def _residual_unit(x: Any, width: int, stride: int, se: bool, drop_path: float, name: str) -> Any:
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = blocks.conv(x, width, 1, f"{name}_shortcut_conv", stride=stride)
        shortcut = blocks.batch_norm(shortcut, f"{name}_shortcut_bn")
    y = blocks.batch_norm(x, f"{name}_bn1")
    y = blocks.conv(y, width, 3, f"{name}_conv1", padding=1)
    y = blocks.batch_norm(y, f"{name}_bn2")
    y = blocks.prelu(y, f"{name}_prelu")
    y = blocks.conv(y, width, 3, f"{name}_conv2", stride=stride, padding=1)
    y = blocks.batch_norm(y, f"{name}_bn3")
    if se:
        y = _squeeze_and_excite(y, f"{name}_se")
    if drop_path:
        y = DropPath(drop_path, name=f"{name}_drop_path")(y)
    return layers.Add(name=f"{name}_add")([y, shortcut])


def _squeeze_and_excite(x: Any, name: str) -> Any:
    """Multiplies each channel of `x` by a weight between 0 and 1, computed from all means."""
    width = x.shape[-1]
    y = layers.GlobalAveragePooling2D(keepdims=True, name=f"{name}_pool")(x)
    y = blocks.conv(y, max(width // SE_REDUCTION, 1), 1, f"{name}_squeeze", use_bias=True)
    y = blocks.prelu(y, f"{name}_prelu")
    y = blocks.conv(y, width, 1, f"{name}_excite", use_bias=True)
    y = layers.Activation("sigmoid", name=f"{name}_sigmoid")(y)
    return layers.Multiply(name=f"{name}_scale")([x, y])
