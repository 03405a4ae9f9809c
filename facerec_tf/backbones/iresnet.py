"""IResNet, the improved residual network of ArcFace (1801.07698 §3.1, after 2004.04989).

Stem 3×3 stride 1 – BN – PReLU; four stages of units BN – 3×3 – BN – PReLU – 3×3 (stride) – BN, the
first unit of each with stride 2 and a 1×1 shortcut; head "E".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks

InputShape = tuple[int, int, int]


def iresnet(
    units: Sequence[int],
    widths: Sequence[int] = (64, 128, 256, 512),
    *,
    embedding_size: int = 512,
    dropout: float = 0.4,
    input_shape: InputShape = (112, 112, 3),
    name: str = "iresnet",
) -> keras.Model:
    """Builds an IResNet.

    Args:
        units: Residual units per stage.
        widths: Channels per stage; the stem has as many as the first.
        embedding_size: Length of the embedding.
        dropout: Share of the features dropped before the fully connected layer.
        input_shape: Height, width and channels of the input.
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    blocks.check_arguments(embedding_size, dropout, input_shape)
    image, x = blocks.image_input(input_shape)
    x = blocks.conv(x, widths[0], 3, "stem_conv", padding=1)
    x = blocks.batch_norm(x, "stem_bn")
    x = blocks.prelu(x, "stem_prelu")
    for stage, (count, width) in enumerate(zip(units, widths, strict=True), start=1):
        for unit in range(1, count + 1):
            x = _residual_unit(x, width, 2 if unit == 1 else 1, f"stage{stage}_unit{unit}")
    x = blocks.embedding_head(x, embedding_size, dropout)
    return keras.Model(image, x, name=name)


def _residual_unit(x: Any, width: int, stride: int, name: str) -> Any:
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
    return layers.Add(name=f"{name}_add")([y, shortcut])


def iresnet18(**kwargs: Any) -> keras.Model:
    """Builds IResNet-18: 24.0 M parameters, 2.6 GMACs; arguments as in `iresnet`."""
    return iresnet((2, 2, 2, 2), name="iresnet18", **kwargs)


def iresnet34(**kwargs: Any) -> keras.Model:
    """Builds IResNet-34: 34.1 M parameters, 4.5 GMACs; arguments as in `iresnet`."""
    return iresnet((3, 4, 6, 3), name="iresnet34", **kwargs)


def iresnet50(**kwargs: Any) -> keras.Model:
    """Builds IResNet-50: 43.6 M parameters, 6.3 GMACs; arguments as in `iresnet`."""
    return iresnet((3, 4, 14, 3), name="iresnet50", **kwargs)


def iresnet100(**kwargs: Any) -> keras.Model:
    """Builds IResNet-100: 65.2 M parameters, 12.1 GMACs; arguments as in `iresnet`."""
    return iresnet((3, 13, 30, 3), name="iresnet100", **kwargs)


def iresnet200(**kwargs: Any) -> keras.Model:
    """Builds IResNet-200: 118.8 M parameters, 23.5 GMACs; arguments as in `iresnet`."""
    return iresnet((6, 26, 60, 6), name="iresnet200", **kwargs)


def iresnet_mini(embedding_size: int = 256, **kwargs: Any) -> keras.Model:
    """Builds a small IResNet that learns real faces on two CPU cores; arguments as in `iresnet`.

    Most of an IResNet's time goes to its first, largest images: here they have 16 channels.
    """
    widths = (16, 64, 128, 256)
    return iresnet(
        (1, 2, 2, 1), widths, embedding_size=embedding_size, name="iresnet_mini", **kwargs
    )


def iresnet_nano(embedding_size: int = 256, **kwargs: Any) -> keras.Model:
    """Builds the smallest IResNet, for first runs of minutes; arguments as in `iresnet`."""
    widths = (16, 32, 64, 128)
    return iresnet(
        (1, 2, 2, 1), widths, embedding_size=embedding_size, name="iresnet_nano", **kwargs
    )
