"""FaceNet's Inception networks NN2, NN3, NN4, NNS1 and NNS2 (1503.03832, §3.3 and table 2)."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks, facenet_blocks
from facerec_tf.backbones.l2_pooling import L2Pooling
from facerec_tf.backbones.maxout import Maxout


@dataclasses.dataclass(frozen=True)
class Module:
    """A row of table 2: up to four parallel paths whose outputs are concatenated.

    Attributes:
        name: Name in the paper, such as "3a".
        one: Filters of the 1×1 convolution; 0 for none.
        three: Filters of the 1×1 convolution and of the 3×3 convolution after it.
        five: Filters of the 1×1 convolution and of the 5×5 convolution after it; None for none.
        pool: "max" or "l2", over 3×3 pixels.
        projection: Filters of the 1×1 convolution after the pooling; 0 for none.
        stride: Stride of the 3×3 and 5×5 convolutions and of the pooling.
    """

    name: str
    one: int
    three: tuple[int, int]
    five: tuple[int, int] | None
    pool: str
    projection: int
    stride: int = 1


@dataclasses.dataclass(frozen=True)
class InceptionLayout:
    """Layers of an Inception network.

    Attributes:
        stem: Filters of conv1 (7×7) and of inception (2) (1×1, 3×3).
        modules: Rows 3a and following.
        hidden: Maxout units between the flattened features and the embedding; 0 for a global
            average pooling instead.
    """

    stem: tuple[int, int, int]
    modules: tuple[Module, ...]
    hidden: int = 0


#: Table 2: 7.5 M parameters, 1.6 G multiply-adds at 224×224. At 160×160 it is NN3, with 0.8 G.
NN2 = InceptionLayout(
    (64, 64, 192),
    (
        Module("3a", 64, (96, 128), (16, 32), "max", 32),
        Module("3b", 64, (96, 128), (32, 64), "l2", 64),
        Module("3c", 0, (128, 256), (32, 64), "max", 0, stride=2),
        Module("4a", 256, (96, 192), (32, 64), "l2", 128),
        Module("4b", 224, (112, 224), (32, 64), "l2", 128),
        Module("4c", 192, (128, 256), (32, 64), "l2", 128),
        Module("4d", 160, (144, 288), (32, 64), "l2", 128),
        Module("4e", 0, (160, 256), (64, 128), "max", 0, stride=2),
        Module("5a", 384, (192, 384), (48, 128), "l2", 128),
        Module("5b", 384, (192, 384), (48, 128), "max", 128),
    ),
)

#: At 96×96. The paper: "it does not use 5×5 convolutions in the higher layers as the receptive
#: field is already too small by then". Leaving them out of 4e, 5a and 5b, where the map is 3×3,
#: matches both figures of the paper: 285 M multiply-adds, 6.6 M parameters.
NN4 = InceptionLayout(
    NN2.stem,
    tuple(
        dataclasses.replace(module, five=None) if module.name in ("4e", "5a", "5b") else module
        for module in NN2.modules
    ),
)

#: At 165×165. The paper gives 26 M parameters and 220 M multiply-adds but no layout. This one is
#: NN2 with half the filters, without 4b, 4c and 4d; most parameters are in a maxout layer, as in
#: NN1.
NNS1 = InceptionLayout(
    (32, 32, 96),
    (
        Module("3a", 32, (48, 64), (8, 16), "max", 16),
        Module("3b", 32, (48, 64), (16, 32), "l2", 32),
        Module("3c", 0, (64, 128), (16, 32), "max", 0, stride=2),
        Module("4a", 128, (48, 96), (16, 32), "l2", 64),
        Module("4e", 0, (80, 128), (32, 64), "max", 0, stride=2),
        Module("5a", 192, (96, 192), (24, 64), "l2", 64),
        Module("5b", 192, (96, 192), (24, 64), "max", 64),
    ),
    hidden=672,
)

#: At 140×116 (height × width). The paper gives 4.3 M parameters and 20 M multiply-adds but no
#: layout. This one is NN2 with a quarter of the filters (about an eighth in the stem), without 3b,
#: 4b, 4c, 4d, 5b and all 5×5 convolutions, and with a maxout layer as in NNS1.
NNS2 = InceptionLayout(
    (8, 12, 24),
    (
        Module("3a", 16, (24, 32), None, "max", 8),
        Module("3c", 0, (32, 64), None, "max", 0, stride=2),
        Module("4a", 64, (24, 48), None, "l2", 32),
        Module("4e", 0, (40, 64), None, "max", 0, stride=2),
        Module("5a", 96, (48, 96), None, "l2", 32),
    ),
    hidden=456,
)


def inception(
    layout: InceptionLayout,
    *,
    embedding_size: int = 128,
    dropout: float = 0.0,
    input_shape: tuple[int, int, int] = (224, 224, 3),
    batch_norm: bool = False,
    name: str = "inception",
) -> keras.Model:
    """Builds one of FaceNet's Inception networks.

    Args:
        layout: `NN2`, `NN4`, `NNS1`, `NNS2`, or one of your own.
        embedding_size: Length of the embedding.
        dropout: Fraction of the last features dropped in training; 0 in the paper.
        input_shape: Height, width and channels of the input.
        batch_norm: Whether to use BatchNorm after each convolution instead of biases and local
            response normalisation. The paper does not; OpenFace does, and such networks train much
            faster.
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised. Its stages are the rows of table 2.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    facenet_blocks.check_arguments(embedding_size, dropout, input_shape, batch_norm)
    first, reduced, third = layout.stem
    image, x = blocks.image_input(input_shape)
    x = facenet_blocks.conv(x, first, 7, "conv1", batch_norm, stride=2)
    x = facenet_blocks.halve(x, "conv1_pool")
    x = facenet_blocks.norm(x, "conv1_norm", batch_norm)
    x = facenet_blocks.conv(x, reduced, 1, "inception2_3x3_reduce", batch_norm)
    x = facenet_blocks.conv(x, third, 3, "inception2_3x3", batch_norm)
    x = facenet_blocks.norm(x, "inception2_norm", batch_norm)
    x = facenet_blocks.halve(x, "inception2_pool")
    for module in layout.modules:
        x = _module(x, module, f"inception{module.name}", batch_norm)
    if layout.hidden:
        x = layers.Flatten(name="fc_flatten")(x)
        x = Maxout(layout.hidden, name="fc_maxout")(x)
    else:
        x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    x = facenet_blocks.embed(x, embedding_size, dropout)
    return keras.Model(image, x, name=name)


def _module(x: Any, module: Module, name: str, batch_norm: bool) -> Any:
    paths = []
    if module.one:
        paths.append(facenet_blocks.conv(x, module.one, 1, f"{name}_1x1", batch_norm))
    for side, filters in ((3, module.three), (5, module.five)):
        if filters:
            path = f"{name}_{side}x{side}"
            y = facenet_blocks.conv(x, filters[0], 1, f"{path}_reduce", batch_norm)
            paths.append(facenet_blocks.conv(y, filters[1], side, path, batch_norm, module.stride))
    y = _pool(x, module, f"{name}_pool")
    if module.projection:
        y = facenet_blocks.conv(y, module.projection, 1, f"{name}_pool", batch_norm)
    return layers.Concatenate(name=f"{name}_concat")([*paths, y])


def _pool(x: Any, module: Module, name: str) -> Any:
    if module.stride == 2:
        return facenet_blocks.halve(x, name)
    if module.pool == "l2":
        return L2Pooling(name=name)(x)
    return layers.MaxPooling2D(3, strides=1, padding="same", name=name)(x)
