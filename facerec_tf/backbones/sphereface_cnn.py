"""SphereFace's plain residual CNNs (1704.08063, table 2), without BatchNorm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.core.errors import require, require_count

#: The network halves the image four times.
LEAST_SIZE = 16

#: Caffe's Xavier initialisation: variance 1/fan-in.
_XAVIER = "lecun_uniform"


def sphereface_cnn(
    units: Sequence[int],
    widths: Sequence[int] = (64, 128, 256, 512),
    *,
    embedding_size: int = 512,
    dropout: float = 0.0,
    input_shape: tuple[int, int, int] = (112, 96, 3),
    name: str = "sphereface_cnn",
) -> keras.Model:
    """Builds a SphereFace CNN.

    Each stage halves the image with a 3×3 convolution and adds residual units of two 3×3
    convolutions. Every convolution is followed by a PReLU; the sum of a unit is not. Initialisation
    and pixel scale, (x − 127.5) / 128, are those of the authors' Caffe model, which reads BGR; this
    one reads RGB. The units have no bias, which the authors' model fixes to 0.

    Args:
        units: Residual units per stage: 0-0-0-0 is the paper's 4-layer network, 0-1-2-0 the
            10-layer, 1-2-4-1 the 20-layer, 2-4-8-2 the 36-layer, 3-8-16-3 the 64-layer one.
        widths: Channels per stage.
        embedding_size: Length of the embedding.
        dropout: Fraction of the features dropped before the FC in training; 0 in the paper.
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
    require(len(units) == len(widths), "units", "as many as 'widths'", units)
    for count in units:
        require_count("units", count, least=0)
    image = keras.Input(input_shape, name="image")
    x = layers.Rescaling(1 / 128, offset=-127.5 / 128, name="scale_pixels")(image)
    for stage, (count, width) in enumerate(zip(units, widths, strict=True), start=1):
        x = layers.ZeroPadding2D(1, name=f"stage{stage}_pad")(x)
        down = layers.Conv2D(
            width, 3, strides=2, kernel_initializer=_XAVIER, name=f"stage{stage}_conv"
        )
        x = blocks.prelu(down(x), f"stage{stage}_prelu")
        for unit in range(1, count + 1):
            x = _residual_unit(x, width, f"stage{stage}_unit{unit}")
    x = layers.Flatten(name="head_flatten")(x)
    x = Dropout(dropout, name="head_dropout")(x)
    embed = layers.Dense(
        embedding_size, kernel_initializer=_XAVIER, dtype="float32", name="embedding"
    )
    return keras.Model(image, embed(x), name=name)


def _residual_unit(x: Any, width: int, name: str) -> Any:
    y = x
    for index in (1, 2):
        conv = layers.Conv2D(
            width,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.01),
            name=f"{name}_conv{index}",
        )
        y = blocks.prelu(conv(y), f"{name}_prelu{index}")
    return layers.Add(name=f"{name}_add")([x, y])
