"""The base class of losses on embeddings: a scalar over the batch of all replicas."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.batch import check_batch
from facerec_tf.core.errors import ArgumentError, require
from facerec_tf.core.fixed_hyperparameters import FixedHyperparameters
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.labels import check_sample_weight
from facerec_tf.core.replicas import gather_batch


@keras.saving.register_keras_serializable(package="facerec_tf")
class EmbeddingLoss(FixedHyperparameters):
    """Computes a loss from the embeddings of a batch, rather than from a head's logits.

    `loss(labels, embeddings)` returns a scalar, like `keras.losses.Loss`. It is a layer because
    some losses own variables, which are trained and saved with the model and equal on all replicas.
    Losses with variables or `inputs` belong in an `Objective`, because Keras neither trains nor
    saves the variables of a `compile(loss=…)`; the others also work there.

    Under a strategy the loss is called in each replica with its share of the batch, and all
    replicas compute the same value from the batch of all replicas. Divided by the number of
    replicas, values and gradients sum to those of one device.

    To add a loss, override `sample_losses` if it is a mean over samples, which can be weighted, or
    else `value`. The constructor names every parameter and its default, and stores each in an
    attribute of the same name. NaN and infinite embeddings always make the loss NaN.

    Argument order: a loss takes labels first, `(labels, embeddings)`, like `keras.losses`. Margin
    heads take their inputs first, `(embeddings, labels)`, like every Keras layer.

    Args:
        **kwargs: `name`, `trainable`, and `dtype`: "float32" (the default under any global
            precision policy) or "float64".

    Raises:
        ArgumentError: If an argument is outside its domain, or is set after the layer was built; in
            `call`, if embeddings or labels have the wrong shape, if eager labels are not whole
            numbers, or not in `[0, num_classes)` where the loss has classes, if `sample_weight` is
            given to a loss that is not a mean over samples, or if a loss that learns is called
            without `training`. In a graph, invalid labels fail an assertion; compiled by XLA, they
            make the loss NaN.
    """

    #: Where it was published.
    source: str

    #: Default weight of the loss as an auxiliary: the paper's.
    auxiliary_weight = 1.0

    #: Names of the inputs of `value` beyond labels and embeddings, which an `Objective` provides:
    #: "images" `[batch, height, width, 3]`; from a margin head, "logits" `[batch, num_classes]`,
    #: "centres" `[batch, embedding_size]`, the unit directions of the own classes, and "correct"
    #: `[batch]`, whether the own logit is the highest. The table is `models.loss_inputs`.
    inputs: tuple[str, ...] = ()

    #: Whether it compares images of one identity, so that a batch must contain several.
    compares_images = False

    #: Whether it can train a network alone, without another loss that separates identities.
    separates_identities = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        require(
            self.compute_dtype in ("float32", "float64"),
            "dtype",
            "'float32' or 'float64'",
            self.dtype_policy.name,
        )

    def sample_losses(
        self, labels: tf.Tensor, embeddings: tf.Tensor, *requested: tf.Tensor
    ) -> tf.Tensor:
        """Returns the loss of each sample, `[batch]`; takes the arguments of `value`."""
        raise NotImplementedError(f"{type(self).__name__} must override value or sample_losses.")

    def value(self, labels: tf.Tensor, embeddings: tf.Tensor, *requested: tf.Tensor) -> tf.Tensor:
        """Returns the loss of the whole batch, a scalar; finite for finite embeddings.

        Args:
            labels: int32 `[batch]`.
            embeddings: `[batch, embedding_size]`, of any length.
            *requested: The results of `prepare`, in the layer's dtype.
        """
        return ops.mean(self.sample_losses(labels, embeddings, *requested))

    @property
    def weighs_samples(self) -> bool:
        """Whether the loss is a mean over samples, so that `sample_weight` applies."""
        return type(self).sample_losses is not EmbeddingLoss.sample_losses

    @property
    def learns(self) -> bool:
        """Whether the loss has variables that training changes."""
        has_update = type(self).update is not EmbeddingLoss.update
        return has_update or bool(self.trainable_weights)

    def prepare(self, *requested: tf.Tensor) -> tuple[tf.Tensor, ...]:
        """Returns the arguments of `value` after the embeddings, from the requested inputs.

        Called in each replica with its own rows, before the replicas exchange them: a teacher
        network embeds each image once, and embeddings are exchanged instead of images.

        Args:
            *requested: The inputs named in `inputs`, in order.

        Returns:
            Tensors `[batch, …]`; by default the requested ones.
        """
        return requested

    def build(self, labels_shape: tuple, embeddings_shape: tuple) -> None:
        """Creates the loss's variables; most have none."""

    def update(self, labels: tf.Tensor, embeddings: tf.Tensor) -> None:
        """Updates what is learned without gradients; called after `value` in training."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `call`."""
        if args and isinstance(args[0], (list, tuple)):
            raise ArgumentError(
                f"Argument 'labels' must be a tensor: call {self.name}(labels, embeddings). "
                f"Received: a {type(args[0]).__name__} of {len(args[0])}"
            )
        return super().__call__(*args, **kwargs)

    def call(
        self,
        labels: tf.Tensor,
        embeddings: tf.Tensor,
        *requested: tf.Tensor,
        sample_weight: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the loss, a scalar in the layer's dtype.

        Args:
            labels: `[batch]` or `[batch, 1]` int, or whole numbers as float, to which `compile`
                converts them.
            embeddings: `[batch, embedding_size]` float.
            *requested: The inputs named in `inputs`, in order.
            sample_weight: `[batch]` or `[batch, 1]`, factors on the losses of the samples, for a
                loss that is a mean over samples. What the loss learns without gradients ignores
                them.
            training: Whether a loss that learns without gradients takes a step; required for losses
                that learn.
        """
        if len(requested) != len(self.inputs):
            raise ArgumentError(
                f"Loss {type(self).__name__} takes {', '.join(self.inputs) or 'no inputs'} after "
                f"the embeddings; an Objective provides them. Received: {len(requested)} inputs"
            )
        if training is None and self.learns:
            raise ArgumentError(
                f"Argument 'training' must be True or False for loss {type(self).__name__}, which "
                "learns variables. compile(loss=…) neither passes it nor trains them: use "
                "Recognizer(backbone, Objective(head, [Auxiliary(loss, weight)])) instead. "
                "Received: training=None"
            )
        embeddings, labels = check_batch(embeddings, labels, getattr(self, "num_classes", None))
        rows = embeddings.shape[0]
        labels = gather_batch(labels)
        embeddings = gather_batch(embeddings)
        prepared = self.prepare(*requested)
        gathered = [gather_batch(ops.cast(x, self.compute_dtype)) for x in prepared]
        if sample_weight is None:
            value = self.value(labels, embeddings, *gathered)
        else:
            weights = gather_batch(self._check_weights(sample_weight, rows))
            value = ops.mean(weights * self.sample_losses(labels, embeddings, *gathered))
        if training:
            self.update(labels, ops.stop_gradient(embeddings))
        # Mining would skip NaN, as comparisons with it are false; zero times NaN is NaN.
        return value + 0.0 * ops.sum(embeddings)

    def compute_output_shape(self, labels_shape: tuple, embeddings_shape: tuple) -> tuple:
        """Returns the shape of a scalar."""
        return ()

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {name: getattr(self, name) for name in hyperparameters(type(self))}
        return {**super().get_config(), **own}

    def _check_weights(self, sample_weight: tf.Tensor, rows: int | None) -> tf.Tensor:
        if not self.weighs_samples:
            raise ArgumentError(
                f"Argument 'sample_weight' must be None with {type(self).__name__}, because that "
                "loss is not a mean over samples. Received: sample_weight"
            )
        return ops.cast(check_sample_weight(sample_weight, rows), self.compute_dtype)
