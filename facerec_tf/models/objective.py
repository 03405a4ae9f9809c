"""Objective: the training loss of a recognizer, one main loss and weighted auxiliaries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf import losses, margins
from facerec_tf.config import ModelConfig
from facerec_tf.core.batch import check_batch
from facerec_tf.core.errors import ArgumentError, argument_error, require, require_positive
from facerec_tf.core.fixed_hyperparameters import FixedHyperparameters
from facerec_tf.core.labels import check_sample_weight
from facerec_tf.core.lookup import Registry, lookup, require_known
from facerec_tf.core.replicas import gather_batch
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
    main = _main_loss(config.loss, num_classes=num_classes, **config.loss_options)
    added = parse_auxiliaries(config.auxiliary, num_classes)
    return Objective(main, added, config.label_smoothing, name="objective")


def get(
    identifier: str | dict[str, Any] | Objective | MarginLayer | EmbeddingLoss | None,
    num_classes: int | None = None,
) -> Objective:
    """Returns an objective.

    Args:
        identifier: A name in `MAIN_LOSSES`, the result of `keras.saving.serialize_keras_object` for
            an objective, a head or a loss, or such an object itself.
        num_classes: Number of identities; with a name only, where it is required.

    Raises:
        ArgumentError: If the name is unknown, if the identifier has another type, or if
            `num_classes` is missing with a name or given without one.
    """
    if isinstance(identifier, str):
        require_known(identifier, MAIN_LOSSES, "objective")
        if num_classes is None:
            raise ArgumentError(
                "Argument 'num_classes' must be the number of identities where the objective is "
                f"given by name: Recognizer(backbone, {identifier!r}, num_classes=1000). "
                "Received: num_classes=None"
            )
        return Objective(_main_loss(identifier, num_classes=num_classes), name="objective")
    unnamed = "None unless the objective is given by name"
    require(num_classes is None, "num_classes", unnamed, num_classes)
    if isinstance(identifier, dict):
        identifier = keras.saving.deserialize_keras_object(identifier)
    if isinstance(identifier, Objective):
        return identifier
    if isinstance(identifier, (MarginLayer, EmbeddingLoss)):
        return Objective(identifier)
    raise argument_error("objective", "a name, or an Objective, a head or a loss", identifier)


@keras.saving.register_keras_serializable(package="facerec_tf")
class Objective(FixedHyperparameters):
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
            is none, if a loss is given twice, or if an argument is set after the layer was built.
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
        self.weights_of_auxiliaries = tuple(float(auxiliary.weight) for auxiliary in auxiliaries)
        for weight in self.weights_of_auxiliaries:
            require_positive("weight", weight)
        self.label_smoothing = label_smoothing
        self._check()

    @property
    def head(self) -> MarginLayer | None:
        """The margin head, if there is one."""
        return self.main if isinstance(self.main, MarginLayer) else None

    @property
    def num_classes(self) -> int | None:
        """Number of identities, if a part of the objective has classes."""
        parts = (self.main, *self.auxiliaries)
        return next((part.num_classes for part in parts if hasattr(part, "num_classes")), None)

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

        Under a strategy it is the loss of the batch of all replicas, the same on every replica,
        and the mean of the replicas' gradients is its gradient. The shares of the batch may differ
        in size, and be empty.

        Args:
            labels: `[batch]` or `[batch, 1]`, whole numbers.
            embeddings: `[batch, embedding_size]`.
            sample_weight: `[batch]` or `[batch, 1]`, factors on the losses of the samples. They
                apply to heads and to losses that are means over samples: center, ring, intra and
                feature_incay. Like `keras.losses`, the mean divides by the number of samples.
            training: Whether parts that learn without gradients take a step. They ignore
                `sample_weight`.
            images: `[batch, height, width, 3]`, the images of the embeddings, for losses that
                request them.

        Raises:
            ArgumentError: If labels are invalid (see `MarginLayer`), if `sample_weight` is given
                and a loss is not a mean over samples, or if a loss requests images and none are
                given.
        """
        main, training = self.main, bool(training)
        embeddings, labels = check_batch(embeddings, labels, self.num_classes)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, embeddings.shape[0])
        if isinstance(main, EmbeddingLoss):
            context = LossContext(labels, embeddings, sample_weight, images)
            return _value(main, context, training) + self._added(context, training)
        logits = main(embeddings, labels, training=training)
        values = main.sample_losses(labels, logits, embeddings, self.label_smoothing)
        if sample_weight is not None:
            values = values * ops.cast(sample_weight, values.dtype)
        context = LossContext(labels, embeddings, sample_weight, images, main, logits)
        # The mean over all replicas: a replica's own mean would give its samples another weight
        # where the shares differ in size, and would be NaN for an empty share.
        return ops.mean(gather_batch(values)) + self._added(context, training)

    def compute_output_shape(self, labels_shape: tuple, embeddings_shape: tuple) -> tuple:
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

    def _added(self, context: LossContext, training: bool) -> tf.Tensor:
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


def _value(loss: EmbeddingLoss, context: LossContext, training: bool) -> tf.Tensor:
    """Returns the loss, a scalar, given the inputs it requests."""
    requested = [LOSS_INPUTS[name].provide(context) for name in loss.inputs]
    return loss(
        context.labels,
        context.embeddings,
        *requested,
        sample_weight=context.sample_weight,
        training=training,
    )


def _main_loss(name: str, **options: Any) -> MarginLayer | EmbeddingLoss:
    # An explicit name: by default Keras appends a number to the second layer of a class.
    table = margins if name in MARGINS else losses
    return table.get(name, **{"name": name, **options})


def _build_once(layer: keras.layers.Layer, *shapes: tuple) -> None:
    if not layer.built:
        layer.build(*shapes)
