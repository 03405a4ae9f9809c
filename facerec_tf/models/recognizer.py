"""Recognizer: a backbone, a margin head, and the loss that joins them."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core import angles
from facerec_tf.core.errors import require
from facerec_tf.margins import MarginLayer, cross_entropy
from facerec_tf.models.digest import weights_digest


@keras.saving.register_keras_serializable(package="facerec_tf")
class Recognizer(keras.Model):
    """Maps face crops to embeddings, and learns to by a margin head.

    `compile(optimizer=…)` and `fit(images, labels)` work as for any Keras model, without a `loss`:
    the head and cross-entropy are it. `facerec_tf.training.Trainer` uses the same code.

    Args:
        backbone: Model from pixels 0–255 `[batch, h, w, 3]` to embeddings `[batch, d]`.
        head: Margin layer over the training identities.
        label_smoothing: Share of the target probability spread evenly over all classes.
        **kwargs: Passed to `keras.Model`.

    Raises:
        ArgumentError: If `label_smoothing` is not in [0, 1).
    """

    def __init__(
        self,
        backbone: keras.Model,
        head: MarginLayer,
        label_smoothing: float = 0.0,
        **kwargs: Any,
    ) -> None:
        require(0 <= label_smoothing < 1, "label_smoothing", "in [0, 1)", label_smoothing)
        super().__init__(**kwargs)
        self.backbone = backbone
        self.head = head
        self.label_smoothing = label_smoothing
        if not head.built:
            head.build(backbone.output_shape)
        self.built = True

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
        """Returns the mean cross-entropy of the margin logits, plus the layers' own losses.

        Under a strategy this is a replica's share: those of all replicas, if of equal size, sum to
        the mean over the global batch, as do their gradients.

        Args:
            x: Images; unused, part of Keras' signature.
            y: int labels `[batch]`.
            y_pred: Embeddings `[batch, d]`.
            sample_weight: Optional weights `[batch]`.
            training: Whether the head anneals its margin.
        """
        labels = ops.cast(ops.reshape(y, [-1]), "int32")
        logits = self.head(y_pred, labels, training=training)
        losses = cross_entropy(labels, logits, self.label_smoothing)
        if sample_weight is not None:
            losses = losses * ops.cast(sample_weight, losses.dtype)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync
        return (ops.mean(losses) + sum(self.losses)) / replicas

    def target_angles(self, embeddings: Any, labels: Any) -> Any:
        """Returns the angle in radians, `[batch]`, between embeddings and their own centres."""
        centres = ops.transpose(ops.take(self.head.centres, labels, axis=1))
        embeddings = angles.l2_normalize(ops.cast(embeddings, centres.dtype))
        cosine = ops.sum(embeddings * angles.l2_normalize(centres), axis=-1)
        return angles.angle(angles.clip_cosine(cosine))

    def digest(self) -> str:
        """Returns the SHA-256 of the backbone's weights, in hexadecimal."""
        return weights_digest(self.backbone)

    def get_config(self) -> dict[str, Any]:
        """Returns the serialised backbone, head and options."""
        return {
            **super().get_config(),
            "backbone": keras.saving.serialize_keras_object(self.backbone),
            "head": keras.saving.serialize_keras_object(self.head),
            "label_smoothing": self.label_smoothing,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Recognizer:
        """Rebuilds a recognizer from `get_config`."""
        config = dict(config)
        for part in ("backbone", "head"):
            config[part] = keras.saving.deserialize_keras_object(
                config[part], custom_objects=custom_objects
            )
        return cls(**config)
