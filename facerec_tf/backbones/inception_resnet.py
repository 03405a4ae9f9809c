"""Inception-ResNet v1 and v2 (1602.07261) in the layouts that face recognition uses.

The layouts are those of davidsandberg/facenet, which differ from the paper's in details; v1 is also
the network of facenet-pytorch. Pixels are scaled as there: (x − 127.5) / 128.

Layer names are facenet-pytorch's module names, without underscores before digits and with
underscores for dots: `conv2d_1a.bn` becomes `conv2d1a_bn`, and `repeat_1.0.branch1.1.conv` becomes
`repeat1_0_branch1_1_conv`. There are two exceptions: `last_linear` is `head_fc`, and `last_bn` is
`embedding`. v2, which facenet-pytorch does not have, follows the same rule.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Protocol

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.core.errors import require

#: Side of the smallest image for which the last feature map has a pixel.
LEAST_SIZE = 75

_batch_norm = functools.partial(blocks.batch_norm, momentum=0.995, epsilon=1e-3)


class Step(Protocol):
    """A part of the network: a function of features and of a name for its layers."""

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the step; the names of its layers start with `name`."""


@dataclasses.dataclass(frozen=True)
class Conv:
    """Convolution without bias – BatchNorm – ReLU, with padding unless `valid`."""

    filters: int
    kernel: tuple[int, int] = (1, 1)
    stride: int = 1
    valid: bool = False

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the layers `conv`, `bn` and `relu`."""
        padding = (0, 0) if self.valid else (self.kernel[0] // 2, self.kernel[1] // 2)
        x = blocks.conv(x, self.filters, self.kernel, f"{name}_conv", self.stride, padding)
        x = _batch_norm(x, f"{name}_bn")
        return layers.ReLU(name=f"{name}_relu")(x)


@dataclasses.dataclass(frozen=True)
class MaxPool:
    """Max pooling over 3×3 pixels with stride 2, without padding."""

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the layer."""
        return layers.MaxPooling2D(3, strides=2, name=name)(x)


@dataclasses.dataclass(frozen=True)
class AveragePool:
    """Average pooling over 3×3 pixels; padding does not count in the average."""

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the layer."""
        return layers.AveragePooling2D(3, strides=1, padding="same", name=name)(x)


@dataclasses.dataclass(frozen=True)
class Inception:
    """Parallel branches, each of one or more steps, whose outputs are concatenated."""

    branches: tuple[tuple[Step, ...], ...]

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the branches; the name of a branch with one step has no step number."""
        outputs = []
        for number, steps in enumerate(self.branches):
            y, branch = x, f"{name}_branch{number}"
            for index, step in enumerate(steps):
                y = step(y, branch if len(steps) == 1 else f"{branch}_{index}")
            outputs.append(y)
        return layers.Concatenate(name=f"{name}_concat")(outputs)


@dataclasses.dataclass(frozen=True)
class Residual:
    """`x + scale·up(inception(x))`, followed by ReLU if `rectified`; `up` is a 1×1 convolution."""

    inception: Inception
    scale: float
    rectified: bool = True

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the unit."""
        y = self.inception(x, name)
        y = blocks.conv(y, x.shape[-1], 1, f"{name}_conv2d", use_bias=True)
        y = layers.Rescaling(self.scale, name=f"{name}_scale")(y)
        y = layers.Add(name=f"{name}_add")([x, y])
        return layers.ReLU(name=f"{name}_relu")(y) if self.rectified else y


@dataclasses.dataclass(frozen=True)
class Repeat:
    """A step applied `count` times, with layers numbered from 0."""

    count: int
    step: Step

    def __call__(self, x: Any, name: str) -> Any:
        """Applies the steps."""
        for index in range(self.count):
            x = self.step(x, f"{name}_{index}")
        return x


def _square(filters: int) -> Conv:
    return Conv(filters, (3, 3))


def _halving(filters: int) -> Conv:
    return Conv(filters, (3, 3), stride=2, valid=True)


#: Steps from the image to the last feature map, by name.
StepLayout = tuple[tuple[str, Step], ...]

_STEM: StepLayout = (
    ("conv2d1a", _halving(32)),
    ("conv2d2a", Conv(32, (3, 3), valid=True)),
    ("conv2d2b", _square(64)),
    ("maxpool3a", MaxPool()),
    ("conv2d3b", Conv(80)),
    ("conv2d4a", Conv(192, (3, 3), valid=True)),
)

_V1_35 = Inception(((Conv(32),), (Conv(32), _square(32)), (Conv(32), _square(32), _square(32))))
_V1_17 = Inception(((Conv(128),), (Conv(128), Conv(128, (1, 7)), Conv(128, (7, 1)))))
_V1_8 = Inception(((Conv(192),), (Conv(192), Conv(192, (1, 3)), Conv(192, (3, 1)))))

#: 23.5 M parameters, 1.4 G multiply-adds at 160×160.
V1: StepLayout = (
    *_STEM,
    ("conv2d4b", _halving(256)),
    ("repeat1", Repeat(5, Residual(_V1_35, 0.17))),
    (
        "mixed6a",
        Inception(
            ((_halving(384),), (Conv(192), _square(192), _halving(256)), (MaxPool(),)),
        ),
    ),
    ("repeat2", Repeat(10, Residual(_V1_17, 0.10))),
    (
        "mixed7a",
        Inception(
            (
                (Conv(256), _halving(384)),
                (Conv(256), _halving(256)),
                (Conv(256), _square(256), _halving(256)),
                (MaxPool(),),
            )
        ),
    ),
    ("repeat3", Repeat(5, Residual(_V1_8, 0.20))),
    ("block8", Residual(_V1_8, 1.0, rectified=False)),
)

_V2_35 = Inception(((Conv(32),), (Conv(32), _square(32)), (Conv(32), _square(48), _square(64))))
_V2_17 = Inception(((Conv(192),), (Conv(128), Conv(160, (1, 7)), Conv(192, (7, 1)))))
_V2_8 = Inception(((Conv(192),), (Conv(192), Conv(224, (1, 3)), Conv(256, (3, 1)))))

V2: StepLayout = (
    *_STEM,
    ("maxpool5a", MaxPool()),
    (
        "mixed5b",
        Inception(
            (
                (Conv(96),),
                (Conv(48), Conv(64, (5, 5))),
                (Conv(64), _square(96), _square(96)),
                (AveragePool(), Conv(64)),
            )
        ),
    ),
    ("repeat1", Repeat(10, Residual(_V2_35, 0.17))),
    (
        "mixed6a",
        Inception(
            ((_halving(384),), (Conv(256), _square(256), _halving(384)), (MaxPool(),)),
        ),
    ),
    ("repeat2", Repeat(20, Residual(_V2_17, 0.10))),
    (
        "mixed7a",
        Inception(
            (
                (Conv(256), _halving(384)),
                (Conv(256), _halving(288)),
                (Conv(256), _square(288), _halving(320)),
                (MaxPool(),),
            )
        ),
    ),
    ("repeat3", Repeat(9, Residual(_V2_8, 0.20))),
    ("block8", Residual(_V2_8, 1.0, rectified=False)),
    ("conv2d7b", Conv(1536)),
)


def inception_resnet(
    layout: StepLayout,
    *,
    embedding_size: int = 512,
    dropout: float = 0.6,
    input_shape: tuple[int, int, int] = (160, 160, 3),
    name: str = "inception_resnet",
) -> keras.Model:
    """Builds an Inception-ResNet.

    Its head is global average pooling – Dropout – FC without bias – BN.

    Args:
        layout: `V1` or `V2`.
        embedding_size: Length of the embedding.
        dropout: Fraction of the averaged features dropped in training; the default is that of
            facenet-pytorch.
        input_shape: Height, width and channels of the input.
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    blocks.check_arguments(embedding_size, dropout, input_shape)
    expected = f"at least {LEAST_SIZE}×{LEAST_SIZE} pixels"
    require(min(input_shape[:2]) >= LEAST_SIZE, "input_shape", expected, input_shape)
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="scale_pixels")(image)
    for stage, step in layout:
        x = step(x, stage)
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    x = Dropout(dropout, name="head_dropout")(x)
    x = layers.Dense(embedding_size, use_bias=False, name="head_fc")(x)
    x = layers.Activation("linear", dtype="float32", name="head_float32")(x)
    x = _batch_norm(x, "embedding", dtype="float32")
    return keras.Model(image, x, name=name)
