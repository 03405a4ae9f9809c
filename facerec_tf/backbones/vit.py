"""Vision transformer (2010.11929) with InsightFace's changes for faces.

Patches of 9×9 pixels, 144 of a 112×112 crop, without a class token; learned positions; blocks
x + attention(LN(x)), x + MLP(LN(x)) with ReLU6; LN; then Flatten – FC – BN – FC – BN.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from facerec_tf.backbones import blocks
from facerec_tf.backbones.attention import Attention
from facerec_tf.backbones.drop_path import DropPath, drop_path_rates
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.backbones.heads import embed
from facerec_tf.backbones.position_embed import PositionEmbed
from facerec_tf.backbones.token_drop import TokenDrop
from facerec_tf.backbones.token_restore import TokenRestore
from facerec_tf.core.errors import require, require_count

#: Side of a patch in pixels.
PATCH = 9

#: Factor by which an MLP widens its channels.
MLP_RATIO = 4


def vit(
    width: int,
    depth: int,
    num_heads: int = 8,
    *,
    embedding_size: int = 512,
    dropout: float = 0.0,
    input_shape: tuple[int, int, int] = (112, 112, 3),
    drop_path: float = 0.1,
    mask_ratio: float = 0.1,
    name: str = "vit",
) -> keras.Model:
    """Builds a ViT.

    Args:
        width: Channels of a token.
        depth: Number of blocks, each with an attention and an MLP.
        num_heads: Number of heads per attention.
        embedding_size: Length of the embedding.
        dropout: Fraction of the features dropped before the first FC in training.
        input_shape: Height, width and channels of the input; pixels at the right and at the bottom
            that do not fill a patch are ignored.
        drop_path: Fraction of the samples for which training drops the last block's attention, and
            its MLP; it grows linearly from 0 at the first block.
        mask_ratio: Fraction of the tokens that training drops before the blocks and replaces by a
            learned mask token after them.
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    blocks.check_arguments(embedding_size, dropout, input_shape)
    require(
        min(input_shape[:2]) >= PATCH,
        "input_shape",
        f"at least {PATCH}×{PATCH} pixels",
        input_shape,
    )
    for argument, value in (("width", width), ("depth", depth), ("num_heads", num_heads)):
        require_count(argument, value)
    blocks.check_rate("drop_path", drop_path)
    blocks.check_rate("mask_ratio", mask_ratio)
    image, x = blocks.image_input(input_shape)
    x = PositionEmbed(name="position_embed")(_patches(x, width))
    places = None
    if mask_ratio:
        x, places = TokenDrop(mask_ratio, name="position_drop")(x)
    for block, rate in enumerate(drop_path_rates(drop_path, depth), start=1):
        x = _block(x, num_heads, rate, f"block{block}")
    x = layers.LayerNormalization(epsilon=1e-5, name="head_norm")(x)
    if mask_ratio:
        x = TokenRestore(name="head_restore")(x, places)
    x = layers.Flatten(name="head_flatten")(x)
    x = Dropout(dropout, name="head_dropout")(x)
    x = layers.Dense(
        width, use_bias=False, kernel_initializer=blocks.narrow_normal(), name="head_fc1"
    )(x)
    x = blocks.batch_norm(x, "head_bn")
    x = embed(x, embedding_size, kernel_initializer=blocks.narrow_normal(), name="head_fc2")
    return keras.Model(image, x, name=name)


def _patches(x: Any, width: int) -> Any:
    """Returns the tokens `[batch, patches, width]` of the scaled image."""
    # PyTorch's default initialisation of convolutions.
    uniform = keras.initializers.VarianceScaling(1 / 3, mode="fan_in", distribution="uniform")
    x = layers.Conv2D(width, PATCH, strides=PATCH, kernel_initializer=uniform, name="patch_embed")(
        x
    )
    return layers.Reshape((-1, width), name="patch_tokens")(x)


def _block(x: Any, num_heads: int, drop_path: float, name: str) -> Any:
    width = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm1")(x)
    y = Attention(num_heads, name=f"{name}_attn")(y)
    x = _add(x, y, drop_path, f"{name}_attn")
    y = layers.LayerNormalization(epsilon=1e-5, name=f"{name}_norm2")(x)
    y = _dense(y, MLP_RATIO * width, f"{name}_mlp1", activation="relu6")
    y = _dense(y, width, f"{name}_mlp2")
    return _add(x, y, drop_path, f"{name}_mlp")


def _add(x: Any, branch: Any, drop_path: float, name: str) -> Any:
    if drop_path:
        branch = DropPath(drop_path, name=f"{name}_drop_path")(branch)
    return layers.Add(name=f"{name}_add")([x, branch])


def _dense(x: Any, units: int, name: str, activation: str | None = None) -> Any:
    return layers.Dense(units, activation, kernel_initializer=blocks.narrow_normal(), name=name)(x)
