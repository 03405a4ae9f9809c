"""The table of losses on embeddings, and its lookup."""

from __future__ import annotations

from typing import Any

import keras

from facerec_tf.core.errors import argument_error, require
from facerec_tf.core.hyperparameters import takes_num_classes
from facerec_tf.core.lookup import Registry
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.center import Center
from facerec_tf.losses.circle import Circle
from facerec_tf.losses.contrastive import Contrastive
from facerec_tf.losses.feature_incay import FeatureIncay
from facerec_tf.losses.inter import Inter
from facerec_tf.losses.intra import Intra
from facerec_tf.losses.ring import Ring
from facerec_tf.losses.triplet import Triplet

LOSSES: Registry[type[EmbeddingLoss]] = Registry(
    {
        "triplet": Triplet,
        "contrastive": Contrastive,
        "circle": Circle,
        "center": Center,
        "intra": Intra,
        "inter": Inter,
        "feature_incay": FeatureIncay,
        "ring": Ring,
    },
    "loss",
)


def get(identifier: str | dict[str, Any] | EmbeddingLoss, **kwargs: Any) -> EmbeddingLoss:
    """Returns a loss on embeddings.

    Args:
        identifier: A name in `LOSSES`, the result of `keras.saving.serialize_keras_object` for a
            loss, or a loss, which is returned unchanged.
        **kwargs: With a name only: the constructor's arguments that `hyperparameters` lists, and
            `num_classes`, which is ignored by losses that do not take it.

    Raises:
        ArgumentError: If the name is unknown, if the identifier has another type, or if arguments
            are given without a name.
    """
    if isinstance(identifier, str):
        loss = LOSSES[identifier]
        if not takes_num_classes(loss):
            kwargs.pop("num_classes", None)
        return loss(**kwargs)
    require(not kwargs, "kwargs", "empty unless the loss is given by name", sorted(kwargs))
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if not isinstance(identifier, EmbeddingLoss):
        raise argument_error("identifier", "a name, a serialised loss or a loss", identifier)
    return identifier
