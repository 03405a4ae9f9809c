"""The loss on embeddings: one number for the batch of all replicas, one hook for its formula."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.batch import require_batch
from facerec_tf.core.errors import require
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.replicas import gather_batch


@keras.saving.register_keras_serializable(package="facerec_tf")
class EmbeddingLoss(keras.layers.Layer):
    """Judges the embeddings of a batch by themselves, without a head's logits.

    `loss(labels, embeddings)` returns a scalar, as `keras.losses.Loss` does. It is a layer, as some
    losses own variables, which are to be trained and saved with the model and to be equal on all
    replicas: those belong into an `Objective`, the others also serve as `loss` of `compile`.

    Under a strategy it is called in each replica with its share, and all compute the same value
    from the batch of all replicas: divided by their number, values and gradients sum to those of
    one device.

    A new loss overrides `value`, and names every parameter it takes, with its default, in its
    constructor, where an attribute of the same name keeps it. NaN and infinite embeddings make the
    loss NaN, whatever the formula would do with them.

    Args:
        **kwargs: `name`, `trainable`, and `dtype`: "float32", which stands under any global
            precision policy, or "float64".

    Raises:
        ArgumentError: If an argument is outside its domain; in `call`, if embeddings or labels
            have the wrong shape.
    """

    #: Where it was published.
    source: str

    #: Factor of the loss as an auxiliary, unless another is asked for: the paper's.
    auxiliary_weight = 1.0

    #: What `value` takes beside labels and embeddings, from a margin head: "centres" `[batch, d]`,
    #: the unit directions of the own classes, or "correct" `[batch]`, whether the own logit is
    #: the highest.
    head_inputs: tuple[str, ...] = ()

    #: Whether it sets images of one identity against each other, of which a batch must hold some.
    compares_images = False

    #: Whether it can train a network by itself, or needs another loss that keeps identities apart.
    separates_identities = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        require(
            self.compute_dtype in ("float32", "float64"),
            "dtype",
            "'float32' or 'float64'",
            self.dtype_policy.name,
        )

    def value(self, labels: tf.Tensor, embeddings: tf.Tensor, *head_inputs: tf.Tensor) -> tf.Tensor:
        """Returns the loss, a scalar, of the whole batch; finite for finite embeddings.

        Args:
            labels: int32 `[batch]`.
            embeddings: `[batch, embedding_size]`, of any length.
            *head_inputs: Those named in `head_inputs`, in order.
        """
        raise NotImplementedError(f"{type(self).__name__} must override value.")

    def build(self, labels_shape: tuple, embeddings_shape: tuple) -> None:
        """Creates the loss's variables; most have none."""

    def update(self, labels: tf.Tensor, embeddings: tf.Tensor) -> None:
        """Moves what is learned without gradients; called after `value` in training."""

    def call(
        self,
        labels: tf.Tensor,
        embeddings: tf.Tensor,
        *head_inputs: tf.Tensor,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the loss, a scalar in the layer's dtype.

        Args:
            labels: `[batch]` int, or whole numbers as float, which `compile` makes of them.
            embeddings: `[batch, embedding_size]` float.
            *head_inputs: Those named in `head_inputs`, in order.
            training: Whether a loss that learns without gradients takes a step.
        """
        labels = ops.cast(labels, "int32")
        require_batch(embeddings, labels, getattr(self, "num_classes", None))
        labels = gather_batch(labels)
        embeddings = gather_batch(embeddings)
        inputs = [gather_batch(ops.cast(x, self.compute_dtype)) for x in head_inputs]
        value = self.value(labels, embeddings, *inputs)
        if training:
            self.update(labels, ops.stop_gradient(embeddings))
        # Comparisons are false for NaN, so mining would pass over it: zero times NaN is NaN.
        return value + 0.0 * ops.sum(embeddings)

    def compute_output_shape(self, *shapes: tuple) -> tuple:
        """Returns the shape of a scalar."""
        return ()

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {name: getattr(self, name) for name in hyperparameters(type(self))}
        return {**super().get_config(), **own}
