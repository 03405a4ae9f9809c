"""The margin head: class centres on a hypersphere, and one hook for what a margin does."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import clip_cosine, inverse_norm
from facerec_tf.core.errors import require, require_count, require_positive
from facerec_tf.core.lookup import require_known
from facerec_tf.margins import similarity

GRADIENTS = ("exact", "detached")


@keras.saving.register_keras_serializable(package="facerec_tf")
class MarginLayer(keras.layers.Layer):
    """Turns embeddings into logits over identities, with a margin on the own identity.

    The layer owns one centre per identity, `centres` `[embedding_size, num_classes]`. A logit is
    the scale times the cosine of the angle θ between an embedding and a centre; the own
    identity's cosine goes through `target_cosine` first. Without labels no margin applies.

    A new loss overrides `target_cosine`, and names every parameter it takes, with its default,
    in its constructor, where an attribute of the same name keeps it: the configuration and the
    command line read them there.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits, which is the radius of the hypersphere; None keeps the length ‖x‖
            of each embedding.
        gradient: "exact" differentiates the margin; "detached" passes the gradient straight
            through to cos θ, as InsightFace's PyTorch code does: s·(p − y) without the
            margin's own slope.
        **kwargs: `name`, `trainable`, and `dtype`: "float32", which stands under any global
            precision policy, or "float64".

    Raises:
        ArgumentError: If an argument is outside its domain; in `call`, if embeddings or labels
            have the wrong shape, or eager labels lie outside `[0, num_classes)`.
    """

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_count("num_classes", num_classes, least=2)
        if s is not None:
            require_positive("s", s)
        require_known(gradient, GRADIENTS, "gradient")
        super().__init__(**{"dtype": "float32", **kwargs})
        require(
            self.compute_dtype in ("float32", "float64"),
            "dtype",
            "'float32' or 'float64'",
            self.dtype_policy.name,
        )
        self.num_classes = num_classes
        self.s = s
        self.gradient = gradient

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns what takes the place of cos θ for the own identity, before the scale.

        Args:
            cosine: `[batch]`, the cosines to the own centres, within [−1, 1].
        """
        raise NotImplementedError(f"{type(self).__name__} must override target_cosine.")

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres, drawn as N(0, 0.01²): the recipe of ArcFace's training code."""
        require(
            len(embeddings_shape) == 2 and embeddings_shape[-1] is not None,
            "embeddings",
            "of shape [batch, embedding_size]",
            embeddings_shape,
        )
        self.centres = self.add_weight(
            name="centres",
            shape=(embeddings_shape[-1], self.num_classes),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
        )

    def call(self, embeddings: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        """Returns the logits `[batch, num_classes]` in the layer's dtype.

        Args:
            embeddings: `[batch, embedding_size]` float, of any length.
            labels: `[batch]` int in `[0, num_classes)`; None leaves the margin out.
        """
        self._check_call(embeddings, labels)
        return self.logits(embeddings, labels if labels is None else ops.cast(labels, "int32"))

    def logits(self, embeddings: tf.Tensor, labels: tf.Tensor | None) -> tf.Tensor:
        """Returns the logits `[batch, num_classes]` of checked input."""
        centres = tf.convert_to_tensor(self.centres)
        inverse = inverse_norm(embeddings)
        points = embeddings if self.s is None else self.s * embeddings * inverse
        if labels is None:
            return similarity.project(points, centres)
        radius = 1.0 / inverse[:, 0] if self.s is None else self.s
        products, target = similarity.project_with_target(points, centres, labels)
        cosine = clip_cosine(target / radius)
        change = self.target_cosine(cosine) - cosine
        if self.gradient == "detached":
            change = ops.stop_gradient(change)
        return similarity.add_to_target(products, labels, radius * change)

    def compute_output_shape(
        self, embeddings_shape: tuple, labels_shape: tuple | None = None
    ) -> tuple:
        """Returns `(batch, num_classes)`."""
        return (embeddings_shape[0], self.num_classes)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {name: getattr(self, name) for name in hyperparameters(type(self))}
        return {**super().get_config(), "num_classes": self.num_classes, **own}

    def _check_call(self, embeddings: tf.Tensor, labels: tf.Tensor | None) -> None:
        shape = tuple(embeddings.shape)
        require(len(shape) == 2, "embeddings", "of shape [batch, embedding_size]", shape)
        if labels is None:
            return
        require(len(labels.shape) == 1, "labels", "of shape [batch]", tuple(labels.shape))
        require(labels.dtype.is_integer, "labels", "integers", labels.dtype.name)
        if tf.executing_eagerly():
            outside = labels[(labels < 0) | (labels >= self.num_classes)].numpy()
            domain = f"in [0, {self.num_classes})"
            require(not outside.size, "labels", domain, outside.tolist())


def hyperparameters(margin: type[MarginLayer]) -> dict[str, Any]:
    """Returns the names and defaults of the parameters that `margin` takes beside num_classes."""
    parameters = inspect.signature(margin).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name != "num_classes" and p.kind is not p.VAR_KEYWORD
    }
