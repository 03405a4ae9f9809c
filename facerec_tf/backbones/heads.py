"""Embedding heads: from the last feature map to the embedding."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.core.lookup import Registry


def fully_connected(x: Any, embedding_size: int, dropout: float) -> Any:
    """Head "E" of ArcFace (1801.07698 §3.1): BN – Dropout – Flatten – FC – BN with γ fixed to 1."""
    x = blocks.batch_norm(x, "head_bn")
    x = Dropout(dropout, name="head_dropout")(x)
    x = layers.Flatten(name="head_flatten")(x)
    return embed(x, embedding_size, use_bias=True, fixed_gamma=True)


def plain(x: Any, embedding_size: int, dropout: float) -> Any:
    """Head "F" of Keras_insightface: Dropout – Flatten – FC without bias – BN."""
    x = Dropout(dropout, name="head_dropout")(x)
    x = layers.Flatten(name="head_flatten")(x)
    return embed(x, embedding_size)


def global_average(x: Any, embedding_size: int, dropout: float) -> Any:
    """Head "GAP" of Keras_insightface: BN – mean over the map – Dropout – FC without bias – BN."""
    x = blocks.batch_norm(x, "head_bn")
    x = layers.GlobalAveragePooling2D(name="head_pool")(x)
    x = Dropout(dropout, name="head_dropout")(x)
    return embed(x, embedding_size)


def global_depthwise(
    x: Any,
    embedding_size: int,
    dropout: float,
    *,
    use_bias: bool = False,
    fixed_gamma: bool = False,
) -> Any:
    """Head "GDC" of MobileFaceNet (1804.07573 §3.2): global depthwise convolution.

    Depthwise convolution as large as the feature map – BN – Dropout – Flatten – FC – BN. In
    InsightFace's MXNet code the last two are as in head "E": FC with bias, BN with γ fixed to 1.
    """
    x = blocks.depthwise_conv(x, x.shape[1:3], "head_depthwise")
    x = blocks.batch_norm(x, "head_bn")
    x = Dropout(dropout, name="head_dropout")(x)
    x = layers.Flatten(name="head_flatten")(x)
    return embed(
        x,
        embedding_size,
        use_bias=use_bias,
        fixed_gamma=fixed_gamma,
        kernel_initializer=blocks.he_normal(),
    )


def embed(
    x: Any,
    embedding_size: int,
    *,
    use_bias: bool = False,
    fixed_gamma: bool = False,
    kernel_initializer: str | keras.initializers.Initializer = "glorot_uniform",
    name: str = "head_fc",
) -> Any:
    """Last layers of every head: FC to `[batch, embedding_size]`, then a BN named `embedding`.

    The BN computes in float32 under every precision policy, because float16 has only three digits
    for the direction of the embedding.

    Args:
        x: `[batch, features]`.
        embedding_size: Length of the embedding.
        use_bias: Whether the FC has a bias.
        fixed_gamma: Whether γ of the BN is fixed to 1.
        kernel_initializer: Initialiser of the FC's weights.
        name: Name of the FC.
    """
    x = layers.Dense(
        embedding_size, use_bias=use_bias, kernel_initializer=kernel_initializer, name=name
    )(x)
    x = layers.Activation("linear", dtype="float32", name="head_float32")(x)
    return blocks.batch_norm(x, "embedding", scale=not fixed_gamma, dtype="float32")


#: Embedding heads by name; arguments are the feature map, the embedding size and the dropout.
HEADS: Registry[Callable[..., Any]] = Registry(
    {
        "E": fully_connected,
        "F": plain,
        "GAP": global_average,
        "GDC": global_depthwise,
        "GDC-E": functools.partial(global_depthwise, use_bias=True, fixed_gamma=True),
    },
    "embedding_head",
)
