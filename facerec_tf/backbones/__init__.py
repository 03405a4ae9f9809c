"""Networks from RGB pixels 0–255 `[batch, h, w, 3]` to embeddings `[batch, d]`, not normalised."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from facerec_tf.backbones.batch_norm import BatchNorm
from facerec_tf.backbones.dropout import Dropout
from facerec_tf.backbones.iresnet import (
    iresnet,
    iresnet18,
    iresnet34,
    iresnet50,
    iresnet100,
    iresnet200,
    iresnet_mini,
    iresnet_nano,
)
from facerec_tf.backbones.mobilefacenet import mobilefacenet
from facerec_tf.backbones.prelu import PReLU
from facerec_tf.core.lookup import lookup

#: Every backbone by name.
BACKBONES: dict[str, Callable[..., keras.Model]] = {
    "iresnet_nano": iresnet_nano,
    "iresnet_mini": iresnet_mini,
    "iresnet18": iresnet18,
    "iresnet34": iresnet34,
    "iresnet50": iresnet50,
    "iresnet100": iresnet100,
    "iresnet200": iresnet200,
    "mobilefacenet": mobilefacenet,
}


def get(name: str, **kwargs: Any) -> keras.Model:
    """Builds the backbone called `name`.

    Args:
        name: A key of `BACKBONES`.
        **kwargs: The builder's arguments, such as `embedding_size` and `dropout`.

    Raises:
        ArgumentError: If the name is unknown; the message lists the known ones.
    """
    return lookup(BACKBONES, name, "backbone")(**kwargs)


__all__ = [
    "BACKBONES",
    "BatchNorm",
    "Dropout",
    "PReLU",
    "get",
    "iresnet",
    "iresnet18",
    "iresnet34",
    "iresnet50",
    "iresnet100",
    "iresnet200",
    "iresnet_mini",
    "iresnet_nano",
    "mobilefacenet",
]
