"""Recognizer: a backbone, and the objective it is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from facerec_tf.core import angles
from facerec_tf.core.errors import argument_error
from facerec_tf.losses import EmbeddingLoss
from facerec_tf.margins import MarginLayer
from facerec_tf.models.objective import Objective


@keras.saving.register_keras_serializable(package="facerec_tf")
class Recognizer(keras.Model):
    """Maps face crops to embeddings, and trains on its objective.

    `compile(optimizer=…)` and `fit(images, labels)` work as for any Keras model, without a `loss`
    argument: the objective is the loss. `facerec_tf.training.Trainer` uses the same code.

    Args:
        backbone: Model from pixels 0–255 `[batch, h, w, 3]` to embeddings `[batch, d]`.
        objective: `Objective`, a margin head over the training identities, or a loss on embeddings.
            None for a recognizer that only embeds.
        origin: Source of imported backbone weights: JSON-serialisable values by name, such as file
            and SHA-256. Kept in files and exports, and through fine-tuning.
        **kwargs: Passed to `keras.Model`.

    Raises:
        ArgumentError: If `Objective` raises it.
    """

    def __init__(
        self,
        backbone: keras.Model,
        objective: Objective | MarginLayer | EmbeddingLoss | None = None,
        origin: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = backbone
        if objective is not None and not isinstance(objective, Objective):
            objective = Objective(objective)
        self.objective = objective
        self.origin = dict(origin) if origin else None
        if self.objective and not self.objective.built:
            self.objective.build((None,), backbone.output_shape)
        self.built = True

    @property
    def head(self) -> MarginLayer | None:
        """The margin head, if the objective has one."""
        return self.objective.head if self.objective else None

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Returns float32 embeddings `[batch, d]`, not normalised, of images `[batch, h, w, 3]`."""
        return self.backbone(ops.cast(images, "float32"), training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Returns the objective's loss, plus the layers' own losses.

        Under a strategy this is the replica's share. The shares of all replicas, if their batches
        are of equal size, sum to the loss of the global batch, and so do their gradients.

        Args:
            x: Images `[batch, h, w, 3]`; required if a loss requests them.
            y: int labels `[batch]`.
            y_pred: Embeddings `[batch, d]`.
            sample_weight: Optional weights `[batch]`, for an objective with a head.
            training: Whether parts that learn without gradients take a step.

        Raises:
            ArgumentError: If there is no objective, or if `Objective` raises it.
        """
        if self.objective is None:
            raise argument_error("objective", "given to train the recognizer", None)
        labels = ops.cast(ops.reshape(y, [-1]), "int32")
        loss = self.objective(labels, y_pred, sample_weight, training=training, images=x)
        return (loss + sum(self.losses)) / tf.distribute.get_strategy().num_replicas_in_sync

    def target_angles(self, embeddings: Any, labels: Any) -> Any:
        """Returns the angle in radians, `[batch]`, between embeddings and their own centres.

        Raises:
            ArgumentError: If there is no margin head.
        """
        head = self.head
        if head is None:
            raise argument_error("objective", "one with a margin head", self.objective)
        embeddings = angles.l2_normalize(ops.cast(embeddings, head.compute_dtype))
        cosine = ops.sum(embeddings * head.own_centres(embeddings, labels), axis=-1)
        return angles.angle(angles.clip_cosine(cosine))

    def digest(self) -> str:
        """Returns the SHA-256 of the backbone's weights, in hexadecimal."""
        return weights_digest(self.backbone)

    def get_config(self) -> dict[str, Any]:
        """Returns the serialised backbone and objective."""
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "objective": keras.saving.serialize_keras_object(self.objective),
            "origin": self.origin,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Recognizer:
        """Rebuilds a recognizer from `get_config`."""
        config = dict(config)
        for part in ("backbone", "objective"):
            config[part] = keras.saving.deserialize_keras_object(
                config[part], custom_objects=custom_objects
            )
        return cls(**config)


def weights_digest(model: keras.Model) -> str:
    """Returns the SHA-256 of the weights of `model`, their names and shapes, in hexadecimal."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(f"{weight.path}{tuple(weight.shape)}".encode())
        digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return digest.hexdigest()
