"""Recognizer: a backbone, and the objective it is trained on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from facerec_tf import backbones
from facerec_tf.core import angles
from facerec_tf.core.errors import ArgumentError, argument_error
from facerec_tf.core.labels import check_labels
from facerec_tf.losses import EmbeddingLoss
from facerec_tf.margins import MarginLayer
from facerec_tf.models import objective as objectives
from facerec_tf.models.checked_model import CheckedModel
from facerec_tf.models.input_checks import Shape, check_arrays, check_shape, warn_if_scaled
from facerec_tf.models.objective import Objective

#: Images whose embeddings are measured after `fit`.
_MEASURED = 32


@keras.saving.register_keras_serializable(package="facerec_tf")
class Recognizer(CheckedModel):
    """Maps face crops to embeddings, and trains on its objective.

    `compile(optimizer=…)` and `fit(images, labels)` work as for any Keras model, without a `loss`
    argument: the objective is the loss. `facerec_tf.training.Trainer` uses the same code.

    `sample_weight` and `class_weight` of `fit` multiply the losses of the samples: those of a head,
    including MagFace's term for the length, and of center, ring, intra and feature_incay. They are
    refused with a loss that is not a mean over samples: triplet, contrastive, circle and inter.

    `metrics` of `compile`, such as "accuracy", compare the labels with the probabilities of the
    identities: the softmax of the head's logits, without margin. Without a head, metrics receive
    the embeddings.

    Args:
        backbone: Model from pixels 0–255 `[batch, h, w, 3]` to embeddings `[batch, d]`: a
            `keras.Model`, its serialised form, or a name in `BACKBONES`.
        objective: `Objective`, a margin head over the training identities, or a loss on embeddings;
            the serialised form of one; or a name in `MARGINS` or `LOSSES`, with `num_classes`. None
            for a recognizer that only embeds.
        origin: Source of imported backbone weights: JSON-serialisable values by name, such as file
            and SHA-256. Kept in files and exports, and through fine-tuning.
        num_classes: Number of identities; only where the objective is given by name.
        **kwargs: Passed to `keras.Model`.

    Raises:
        ArgumentError: If the backbone has several inputs or outputs, if a name is unknown, if
            `num_classes` is missing or superfluous, or if `Objective` raises it. In `call`, `fit`,
            `evaluate` and `predict`, if images have another size than the backbone's, or if labels
            are not whole numbers in `[0, num_classes)`. Where they are known only in the step, an
            assertion fails there; with `jit_compile=True` the loss becomes NaN.
    """

    def __init__(
        self,
        backbone: keras.Model | dict[str, Any] | str,
        objective: Objective | MarginLayer | EmbeddingLoss | dict[str, Any] | str | None = None,
        origin: Mapping[str, Any] | None = None,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.backbone = _get_backbone(backbone)
        self.objective: Objective | None = None
        if objective is not None or num_classes is not None:
            self.objective = objectives.get(objective, num_classes)
        self.origin = dict(origin) if origin else None
        if self.objective and not self.objective.built:
            self.objective.build((None,), _output_shape(self.backbone))
        self._scores_identities = False
        self.build(self._image_shape())

    @property
    def head(self) -> MarginLayer | None:
        """The margin head, if the objective has one."""
        return self.objective.head if self.objective else None

    def build(self, images_shape: Shape | None) -> None:
        """Does nothing: the parts are built. Keras records the shape for summaries and exports."""

    def call(self, images: Any, training: bool | None = None) -> Any:
        """Returns float32 embeddings `[batch, d]`, not normalised, of images `[batch, h, w, 3]`.

        Raises:
            ArgumentError: If the images have another size than the backbone's.
        """
        images = check_shape(ops.convert_to_tensor(images), self._image_shape())
        if tf.executing_eagerly():
            warn_if_scaled(images)
        return self.backbone(ops.cast(images, "float32"), training=training)

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """As `keras.Model.fit`; warns if the head's bounds do not fit the embeddings."""
        history = super().fit(x, *args, **kwargs)
        if self.head and self.head.length_range and isinstance(x, (np.ndarray, tf.Tensor)):
            self.head.warn_of_lengths(np.asarray(self.predict_on_batch(x[:_MEASURED])))
        return history

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.compile`, without `loss` and `loss_weights`.

        Raises:
            ArgumentError: If `loss` or `loss_weights` are given, or metrics by name, such as
                "accuracy", without a head.
        """
        for name, value in {"loss": loss, "loss_weights": loss_weights}.items():
            if value is not None:
                raise ArgumentError(
                    f"Argument '{name}' must be None: the objective is the loss of a Recognizer. "
                    "Give heads, losses and their weights to the constructor: Recognizer(backbone, "
                    f"Objective(head, [Auxiliary(loss, weight)])). Received: {name}={value!r}"
                )
        given = keras.tree.flatten([metrics or [], weighted_metrics or []])
        named = [metric for metric in given if isinstance(metric, str)]
        if named and not self.head:
            raise ArgumentError(
                "Argument 'metrics' must be functions of embeddings where there is no margin head, "
                f"which scores the identities. Received: metrics={named}"
            )
        super().compile(
            optimizer=optimizer, metrics=metrics, weighted_metrics=weighted_metrics, **kwargs
        )
        self._scores_identities = bool(given) and self.head is not None

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles a loaded recognizer as it was compiled when it was saved."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self.optimizer.build(self.trainable_variables)

    def check_data(self, x: Any, y: Any = None) -> tuple[Any, Any]:
        """Returns checked images and labels; for a data set, the set and None.

        Raises:
            ArgumentError: If images or labels do not fit; see `check_arrays`.
        """
        num_classes = self.objective.num_classes if self.objective else None
        return check_arrays(x, y, self._image_shape(), num_classes)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Returns the objective's loss, plus the layers' own losses.

        Under a strategy this is the replica's share. The shares of all replicas sum to the loss of
        the global batch, and so do their gradients, whatever the sizes of the replicas' batches.

        Args:
            x: Images `[batch, h, w, 3]`; required if a loss requests them.
            y: Labels `[batch]` or `[batch, 1]`, whole numbers in `[0, num_classes)`.
            y_pred: Embeddings `[batch, d]`.
            sample_weight: Optional factors `[batch]` on the losses of the samples.
            training: Whether parts that learn without gradients take a step.

        Raises:
            ArgumentError: If there is no objective, or if `Objective` raises it.
        """
        if self.objective is None:
            raise argument_error("objective", "given to train the recognizer", None)
        loss = self.objective(y, y_pred, sample_weight, training=training, images=x)
        return (loss + sum(self.losses)) / tf.distribute.get_strategy().num_replicas_in_sync

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Updates the metrics and returns their values.

        Args:
            x: Images `[batch, h, w, 3]`.
            y: Labels `[batch]` or `[batch, 1]`.
            y_pred: Embeddings `[batch, d]`.
            sample_weight: Optional weights `[batch]`, for `weighted_metrics`.
        """
        if self.head and self._scores_identities:
            y = check_labels(y, self.head.num_classes).values
            y_pred = ops.softmax(self.head(y_pred))
        return super().compute_metrics(x, y, y_pred, sample_weight)

    def target_angles(self, embeddings: Any, labels: Any) -> Any:
        """Returns the angle in radians, `[batch]`, between embeddings and their own centres.

        Raises:
            ArgumentError: If there is no margin head, or labels are invalid.
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

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """As `keras.Model.export`; by default of a function from float32 images."""
        shape = self._image_shape()
        if input_signature is None and shape is not None:
            input_signature = [keras.InputSpec(shape=(None, *shape[1:]), dtype="float32")]
        super().export(filepath, format, verbose, input_signature, **kwargs)

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

    def _image_shape(self) -> Shape | None:
        return getattr(self.backbone, "input_shape", None)


def weights_digest(model: keras.Model) -> str:
    """Returns the SHA-256 of the weights of `model`, their names and shapes, in hexadecimal."""
    digest = hashlib.sha256()
    for weight in model.weights:
        digest.update(f"{weight.path}{tuple(weight.shape)}".encode())
        digest.update(np.ascontiguousarray(weight.numpy()).tobytes())
    return digest.hexdigest()


def _get_backbone(identifier: keras.Model | dict[str, Any] | str) -> keras.Model:
    if isinstance(identifier, str):
        identifier = backbones.get(identifier)
    elif isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if not isinstance(identifier, keras.Model):
        raise argument_error("backbone", "a name, a serialised model or a keras.Model", identifier)
    for name in ("input_shape", "output_shape"):
        shape = getattr(identifier, name, ())
        if isinstance(shape, (list, dict)):
            raise ArgumentError(
                "Argument 'backbone' must be a model with one input, images, and one output, "
                f"embeddings [batch, embedding_size]. Received: {name}={shape}"
            )
    return identifier


def _output_shape(backbone: keras.Model) -> tuple:
    shape = getattr(backbone, "output_shape", None)
    if shape is None or len(shape) != 2 or shape[1] is None:
        raise ArgumentError(
            "Argument 'backbone' must be a built model whose output is embeddings "
            f"[batch, embedding_size]. Received: output_shape={shape}"
        )
    return shape
