"""Objective: what a recognizer is trained on, one loss and any number of weighted auxiliaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf import losses, margins
from facerec_tf.config import ModelConfig
from facerec_tf.core.errors import ArgumentError, require, require_positive
from facerec_tf.core.lookup import require_known
from facerec_tf.losses import LOSSES, Auxiliary, EmbeddingLoss, parse_auxiliaries
from facerec_tf.margins import MARGINS, MarginLayer

#: Everything that `--loss` can name: heads, and losses on embeddings.
MAIN_LOSSES: dict[str, type[MarginLayer | EmbeddingLoss]] = {**MARGINS, **LOSSES}


def make_objective(config: ModelConfig, num_classes: int) -> Objective:
    """Returns the objective that `config` describes, over `num_classes` identities.

    Raises:
        ArgumentError: If a name is unknown, a parameter is outside its domain, or they do not fit
            together.
    """
    require_known(config.loss, MAIN_LOSSES, "loss")
    table = margins if config.loss in MARGINS else losses
    # Names of their own, as Keras numbers the second layer of a kind in a process anew.
    named = {"num_classes": num_classes, "name": config.loss}
    main = table.get(config.loss, **named, **config.loss_options)
    added = parse_auxiliaries(config.auxiliary, num_classes)
    return Objective(main, added, config.label_smoothing, name="objective")


@keras.saving.register_keras_serializable(package="facerec_tf")
class Objective(keras.layers.Layer):
    """Joins a margin head, or a loss on embeddings, with weighted losses on embeddings.

    Args:
        main: Head or loss.
        auxiliaries: What is added to it, each with its weight.
        label_smoothing: Share of the target probability spread evenly over all classes; for heads.
        **kwargs: Passed to `keras.layers.Layer`; `dtype` is by default that of `main`.

    Raises:
        ArgumentError: If `label_smoothing` is not in [0, 1) or the main loss does not use it, if a
            weight is not positive, if a loss needs a head where there is none, or if a loss comes
            twice.
    """

    def __init__(
        self,
        main: MarginLayer | EmbeddingLoss,
        auxiliaries: Sequence[Auxiliary] = (),
        label_smoothing: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"dtype": main.compute_dtype, **kwargs})
        self.main = main
        self.auxiliaries = [auxiliary.loss for auxiliary in auxiliaries]
        self.weights_of_auxiliaries = [float(auxiliary.weight) for auxiliary in auxiliaries]
        for weight in self.weights_of_auxiliaries:
            require_positive("weight", weight)
        self.label_smoothing = label_smoothing
        self._check()

    @property
    def head(self) -> MarginLayer | None:
        """The margin head, if there is one."""
        return self.main if isinstance(self.main, MarginLayer) else None

    @property
    def compares_images(self) -> bool:
        """Whether a batch must hold several images of an identity."""
        return any(loss.compares_images for loss in self._embedding_losses())

    def build(self, labels_shape: tuple, embeddings_shape: tuple) -> None:
        """Builds head and losses."""
        if self.head:
            _build_once(self.head, embeddings_shape)
        for loss in self._embedding_losses():
            _build_once(loss, labels_shape, embeddings_shape)

    def call(
        self,
        labels: tf.Tensor,
        embeddings: tf.Tensor,
        sample_weight: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the loss, a scalar.

        Under a strategy a head's part is the mean over the replica's own samples, that of a loss on
        embeddings covers the batch of all replicas: the mean over the replicas is the loss.

        Args:
            labels: int32 `[batch]`.
            embeddings: `[batch, embedding_size]`.
            sample_weight: `[batch]`, weights of the samples; for heads.
            training: Whether what learns without gradients takes a step.
        """
        if not self.head:
            require(sample_weight is None, "sample_weight", "None without a head", sample_weight)
            return self.main(labels, embeddings, training=training) + self._added(
                labels, embeddings, None, training
            )
        logits = self.head(embeddings, labels, training=training)
        values = self.head.sample_losses(labels, logits, embeddings, self.label_smoothing)
        if sample_weight is not None:
            values = values * ops.cast(sample_weight, values.dtype)
        return ops.mean(values) + self._added(labels, embeddings, logits, training)

    def compute_output_shape(self, *shapes: tuple) -> tuple:
        """Returns the shape of a scalar."""
        return ()

    def get_config(self) -> dict[str, Any]:
        """Returns the serialised head and losses, weights and options."""
        parts = zip(self.auxiliaries, self.weights_of_auxiliaries, strict=True)
        return {
            **super().get_config(),
            "main": keras.saving.serialize_keras_object(self.main),
            "auxiliaries": [[keras.saving.serialize_keras_object(x), w] for x, w in parts],
            "label_smoothing": self.label_smoothing,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Objective:
        """Rebuilds an objective from `get_config`."""

        def rebuild(part: dict[str, Any]) -> Any:
            return keras.saving.deserialize_keras_object(part, custom_objects=custom_objects)

        added = [Auxiliary(rebuild(loss), weight) for loss, weight in config["auxiliaries"]]
        return cls(**{**config, "main": rebuild(config["main"]), "auxiliaries": added})

    def _added(
        self,
        labels: tf.Tensor,
        embeddings: tf.Tensor,
        logits: tf.Tensor | None,
        training: bool | None,
    ) -> tf.Tensor:
        """Returns the weighted sum of the auxiliaries."""
        inputs = {
            "centres": lambda: self.head.own_centres(embeddings, labels),
            "correct": lambda: ops.argmax(logits, axis=1) == ops.cast(labels, "int32"),
        }
        total = ops.zeros((), self.compute_dtype)
        for loss, weight in zip(self.auxiliaries, self.weights_of_auxiliaries, strict=True):
            own = [inputs[name]() for name in loss.head_inputs]
            value = loss(labels, embeddings, *own, training=training)
            total += weight * ops.cast(value, total.dtype)
        return total

    def _embedding_losses(self) -> list[EmbeddingLoss]:
        return self.auxiliaries if self.head else [self.main, *self.auxiliaries]

    def _check(self) -> None:
        smoothing, kind = self.label_smoothing, type(self.main).__name__
        require(0 <= smoothing < 1, "label_smoothing", "in [0, 1)", smoothing)
        if smoothing and not (self.head and self.head.smooths_labels):
            raise ArgumentError(
                "Argument 'label_smoothing' must be 0 for a loss that is no softmax. Received: "
                f"label_smoothing={smoothing} with {kind}"
            )
        for loss in [] if self.head else self._embedding_losses():
            if loss.head_inputs:
                raise ArgumentError(
                    f"Loss {type(loss).__name__} needs a margin head: add it as an auxiliary to "
                    f"one, such as softmax or arcface. Received: {kind} as the main loss"
                )
        kinds = [type(loss).__name__ for loss in self._embedding_losses()]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
        require(not twice, "auxiliaries", "losses that each come once", twice)


def _build_once(layer: keras.layers.Layer, *shapes: tuple) -> None:
    if not layer.built:
        layer.build(*shapes)
