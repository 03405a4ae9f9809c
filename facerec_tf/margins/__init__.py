"""Margin heads: embeddings and labels in, logits over identities out."""

from __future__ import annotations

from typing import Any

import keras

from facerec_tf.core.errors import require
from facerec_tf.core.lookup import lookup
from facerec_tf.margins.arcface import ArcFace
from facerec_tf.margins.base import MarginLayer, hyperparameters
from facerec_tf.margins.combined import Combined
from facerec_tf.margins.cosface import CosFace
from facerec_tf.margins.cross_entropy import cross_entropy
from facerec_tf.margins.normface import NormFace
from facerec_tf.margins.softmax import Softmax
from facerec_tf.margins.sphereface import SphereFace

__all__ = [
    "MARGINS",
    "ArcFace",
    "Combined",
    "CosFace",
    "MarginLayer",
    "NormFace",
    "Softmax",
    "SphereFace",
    "cross_entropy",
    "get",
    "hyperparameters",
]

MARGINS: dict[str, type[MarginLayer]] = {
    "softmax": Softmax,
    "normface": NormFace,
    "sphereface": SphereFace,
    "cosface": CosFace,
    "arcface": ArcFace,
    "combined": Combined,
}


def get(identifier: str | dict | MarginLayer, **kwargs: Any) -> MarginLayer:
    """Returns a margin head.

    Args:
        identifier: A name in `MARGINS`, what `keras.saving.serialize_keras_object` made of a
            head, or a head, which is returned as it is.
        **kwargs: The constructor's arguments, with a name only: `num_classes` and what
            `hyperparameters` lists.

    Raises:
        ArgumentError: If the name is unknown, if the identifier is neither of the three, or if
            arguments come without a name to build.
    """
    if isinstance(identifier, str):
        return lookup(MARGINS, identifier, "loss")(**kwargs)
    require(not kwargs, "kwargs", "empty unless the head is given by name", sorted(kwargs))
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    expected = "a name, a serialised head or a head"
    require(isinstance(identifier, MarginLayer), "identifier", expected, identifier)
    return identifier
