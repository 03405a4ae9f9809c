"""Objective: the training loss of a recognizer, one main loss and weighted auxiliaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf import losses, margins
from facerec_tf.config import ModelConfig
from facerec_tf.core.errors import ArgumentError, require, require_positive
from facerec_tf.core.lookup import Registry, lookup, require_known
from facerec_tf.losses import LOSSES, Auxiliary, EmbeddingLoss, parse_auxiliaries
from facerec_tf.margins import MARGINS, MarginLayer
from facerec_tf.models.loss_inputs import LOSS_INPUTS, LossContext

#: Every name that `--loss` accepts: heads, and losses on embeddings.
MAIN_LOSSES: Registry[type[MarginLayer | EmbeddingLoss]] = Registry({**MARGINS, **LOSSES}, "loss")


def make_objective(config: ModelConfig, num_classes: int) -> Objective:
    """Returns the objective that `config` describes, over `num_classes` identities.

    Raises:
        ArgumentError: If a name is unknown, a parameter is outside its domain, or losses cannot be
            combined.
    """
    require_known(config.loss, MAIN_LOSSES, "loss")
    # Explicit names: by default Keras appends a number to the second layer of a class.
    named = {"num_classes": num_classes, "name": config.loss, **config.loss_options}
    main: MarginLayer | EmbeddingLoss
    if config.loss in MARGINS:
        main = margins.get(config.loss, **named)
    else:
        main = losses.get(config.loss, **named)
    added = parse_auxiliaries(config.auxiliary, num_classes)
    return Objective(main, added, config.label_smoothing, name="objective")


@keras.saving.register_keras_serializable(package="facerec_tf")
class Objective(keras.layers.Layer):
    """Adds weighted losses on embeddings to a margin head or a main loss on embeddings.

    Like a loss, and unlike a head, it is called with labels first: `(labels, embeddings)`. It
    provides the losses with the inputs they request beyond those (`EmbeddingLoss.inputs`).

    Args:
        main: Head or loss.
        auxiliaries: The added losses and their weights.
        label_smoothing: Share of the target probability spread evenly over all classes; for heads.
        **kwargs: Passed to `keras.layers.Layer`; `dtype` is by default that of `main`.

    Raises:
        ArgumentError: If `label_smoothing` is not in [0, 1) or the main loss does not use it, if a
            weight is not positive, if a loss requests an unknown input or one of a head where there
            is none, or if a loss is given twice.
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
        images: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """Returns the loss, a scalar.

        Under a strategy the head's loss is the mean over the replica's own samples, and a loss on
        embeddings covers the batch of all replicas: the mean over the replicas is the loss.

        Args:
            labels: int32 `[batch]`.
            embeddings: `[batch, embedding_size]`.
            sample_weight: `[batch]`, weights of the samples; for heads.
            training: Whether parts that learn without gradients take a step.
            images: `[batch, height, width, 3]`, the images of the embeddings, for losses that
                request them.

        Raises:
            ArgumentError: If `sample_weight` is given without a head, or a loss requests images and
                none are given.
        """
        main = self.main
        if isinstance(main, EmbeddingLoss):
            require(sample_weight is None, "sample_weight", "None without a head", sample_weight)
            context = LossContext(labels, embeddings, images)
            return _value(main, context, training) + self._added(context, training)
        logits = main(embeddings, labels, training=training)
        values = main.sample_losses(labels, logits, embeddings, self.label_smoothing)
        if sample_weight is not None:
            values = values * ops.cast(sample_weight, values.dtype)
        context = LossContext(labels, embeddings, images, main, logits)
        return ops.mean(values) + self._added(context, training)

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

    def _embedding_losses(self) -> list[EmbeddingLoss]:
        main = [self.main] if isinstance(self.main, EmbeddingLoss) else []
        return [*main, *self.auxiliaries]

    def _added(self, context: LossContext, training: bool | None) -> tf.Tensor:
        """Returns the weighted sum of the auxiliaries, a scalar."""
        total = ops.zeros((), self.compute_dtype)
        for loss, weight in zip(self.auxiliaries, self.weights_of_auxiliaries, strict=True):
            total += weight * ops.cast(_value(loss, context, training), total.dtype)
        return total

    def _check(self) -> None:
        smoothing, kind = self.label_smoothing, type(self.main).__name__
        require(0 <= smoothing < 1, "label_smoothing", "in [0, 1)", smoothing)
        if smoothing and not (self.head and self.head.smooths_labels):
            raise ArgumentError(
                "Argument 'label_smoothing' must be 0 for a loss that is not softmax-based. "
                f"Received: label_smoothing={smoothing} with {kind}"
            )
        for loss in self._embedding_losses():
            self._check_inputs(loss)
        kinds = [type(loss).__name__ for loss in self._embedding_losses()]
        twice = sorted({kind for kind in kinds if kinds.count(kind) > 1})
        require(
            not twice, "auxiliaries", "losses that each occur once, including the main loss", twice
        )

    def _check_inputs(self, loss: EmbeddingLoss) -> None:
        kind = type(loss).__name__
        for name in loss.inputs:
            if lookup(LOSS_INPUTS, name, f"{kind}.inputs").needs_head and not self.head:
                raise ArgumentError(
                    f"Loss {kind} needs a margin head for its input '{name}': add it as an "
                    "auxiliary to a head such as softmax or arcface. Received: "
                    f"{type(self.main).__name__} as the main loss"
                )


def _value(loss: EmbeddingLoss, context: LossContext, training: bool | None) -> tf.Tensor:
    """Returns the loss, a scalar, given the inputs it requests."""
    requested = [LOSS_INPUTS[name].provide(context) for name in loss.inputs]
    return loss(context.labels, context.embeddings, *requested, training=training)


def _build_once(layer: keras.layers.Layer, *shapes: tuple) -> None:
    if not layer.built:
        layer.build(*shapes)
