"""FaceNet's NN1: Zeiler & Fergus' network with 1×1 convolutions (1503.03832, table 1)."""

from __future__ import annotations

import dataclasses

import keras
from keras import layers

from facerec_tf.backbones import blocks, facenet_blocks
from facerec_tf.backbones.maxout import Maxout


@dataclasses.dataclass(frozen=True)
class _Row:
    """A convolution of table 1, with the normalisation and pooling that follow it."""

    name: str
    filters: int
    kernel: int
    stride: int = 1
    then: tuple[str, ...] = ()


_ROWS = (
    _Row("conv1", 64, 7, stride=2, then=("pool", "norm")),
    _Row("conv2a", 64, 1),
    _Row("conv2", 192, 3, then=("norm", "pool")),
    _Row("conv3a", 192, 1),
    _Row("conv3", 384, 3, then=("pool",)),
    _Row("conv4a", 384, 1),
    _Row("conv4", 256, 3),
    _Row("conv5a", 256, 1),
    _Row("conv5", 256, 3),
    _Row("conv6a", 256, 1),
    _Row("conv6", 256, 3, then=("pool",)),
)

#: Maxout units of each of the two hidden layers: 32×128.
_HIDDEN = 32 * 128


def zeiler_fergus(
    *,
    embedding_size: int = 128,
    dropout: float = 0.0,
    input_shape: tuple[int, int, int] = (220, 220, 3),
    batch_norm: bool = False,
    name: str = "nn1",
) -> keras.Model:
    """Builds FaceNet's NN1.

    Args:
        embedding_size: Length of the embedding.
        dropout: Fraction of the last features dropped in training; 0 in the paper.
        input_shape: Height, width and channels of the input.
        batch_norm: Whether to use BatchNorm after each convolution instead of biases and local
            response normalisation. The paper does not.
        name: Name of the model.

    Returns:
        A model from RGB pixels 0–255 `[batch, h, w, 3]` to float32 embeddings
        `[batch, embedding_size]`, not normalised. Its stages are the rows of table 1.

    Raises:
        ArgumentError: If an argument is outside its domain.
    """
    facenet_blocks.check_arguments(embedding_size, dropout, input_shape, batch_norm)
    image, x = blocks.image_input(input_shape)
    for row in _ROWS:
        x = facenet_blocks.conv(x, row.filters, row.kernel, row.name, batch_norm, row.stride)
        for what in row.then:
            if what == "pool":
                x = facenet_blocks.halve(x, f"{row.name}_pool")
            else:
                x = facenet_blocks.norm(x, f"{row.name}_norm", batch_norm)
    x = layers.Flatten(name="fc1_flatten")(x)
    x = Maxout(_HIDDEN, name="fc1_maxout")(x)
    x = Maxout(_HIDDEN, name="fc2_maxout")(x)
    x = facenet_blocks.embed(x, embedding_size, dropout)
    return keras.Model(image, x, name=name)
