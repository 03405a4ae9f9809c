"""The margin head: class centres on a hypersphere, and one hook for what a margin does."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import clip_cosine, inverse_norm, l2_normalize
from facerec_tf.core.batch import require_batch, require_matrix
from facerec_tf.core.errors import require, require_count, require_positive
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.lookup import require_known
from facerec_tf.margins import similarity
from facerec_tf.margins.cross_entropy import cross_entropy

GRADIENTS = ("exact", "detached")

#: How far apart the centres of one class start, as a share of their length.
SPREAD = 0.1


@keras.saving.register_keras_serializable(package="facerec_tf")
class MarginLayer(keras.layers.Layer):
    """Turns embeddings into logits over identities, with a margin on the own identity.

    The layer owns one centre per identity, `centres` `[embedding_size, num_classes]`. A logit is
    the scale times the cosine of the angle θ between an embedding and a centre; the own
    identity's cosine goes through `target_cosine` first. Without labels no margin applies.

    A new loss overrides `target_cosine`, or `adaptive_target` if its margin depends on more than
    the angle, and names every parameter it takes, with its default, in its constructor, where an
    attribute of the same name keeps it: the configuration and the command line read them there. A
    loss that also changes the other identities' cosines sets `negative_rule`; one that is no
    softmax overrides `sample_losses`.

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

    #: Where it was published.
    source: str

    #: Whether `sample_losses` can smooth the labels.
    smooths_labels = True

    #: Whether it is a softmax of cosines, whose scale bounds the probabilities (CosFace, §4).
    scale_bounds_probability = True

    #: `rule(cosine, target, *parameters)`, a plain function of elementwise steps, returns what
    #: takes the place of the other identities' cosines `[batch, num_classes]`; `target`
    #: `[batch, 1]` is what the hook made of the own one, and has no gradient through the rule.
    negative_rule: similarity.Rule | None = None

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_count("num_classes", num_classes, least=2)
        if s is not None or self.negative_rule:
            require_positive("s", s)
        require_known(gradient, GRADIENTS, "gradient")
        super().__init__(**{"dtype": "float32", **kwargs})
        require(
            self.compute_dtype in ("float32", "float64"),
            "dtype",
            "'float32' or 'float64'",
            self.dtype_policy.name,
        )
        self.num_classes = int(num_classes)
        self.s = s
        self.gradient = gradient

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns what takes the place of cos θ for the own identity, before the scale.

        Args:
            cosine: `[batch]`, the cosines to the own centres, within [−1, 1].
        """
        raise NotImplementedError(f"{type(self).__name__} must override target_cosine.")

    def adaptive_target(
        self, cosine: tf.Tensor, norm: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Returns the same for a margin that depends on more than the angle.

        Args:
            cosine: As for `target_cosine`.
            norm: `[batch]`, the lengths ‖x‖ of the embeddings.
            training: Whether to move what the head learns without gradients.
        """
        return self.target_cosine(cosine)

    def negative_parameters(self) -> tuple[float | tf.Tensor, ...]:
        """Returns the scalars that `negative_rule` takes after cosines and targets."""
        return ()

    def sample_losses(
        self,
        labels: tf.Tensor,
        logits: tf.Tensor,
        embeddings: tf.Tensor,
        label_smoothing: float = 0.0,
    ) -> tf.Tensor:
        """Returns the loss of each sample, `[batch]`: cross-entropy, unless a head says otherwise.

        Args:
            labels: `[batch]` int.
            logits: What `call` returned for them.
            embeddings: `[batch, embedding_size]`, what `call` was given.
            label_smoothing: Share of the target spread over all classes, within [0, 1).
        """
        return cross_entropy(labels, logits, label_smoothing)

    def loss(
        self, embeddings: tf.Tensor, labels: tf.Tensor, training: bool | None = None
    ) -> tf.Tensor:
        """Returns the loss of each sample, `[batch]`; arguments as for `call`."""
        return self.sample_losses(labels, self(embeddings, labels, training=training), embeddings)

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres, drawn as N(0, 0.01²)."""
        require_matrix(embeddings_shape)
        shape = (embeddings_shape[-1], self.num_centres)
        initializer = centre_initializer()
        self.centres = self.add_weight(name="centres", shape=shape, initializer=initializer)

    @property
    def cosine_margin(self) -> float | None:
        """What is taken off the own cosine, if the margin is of that kind."""
        return None

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor | None:
        """Returns the angle in radians, `[batch]`, past which the margin goes on by a fallback.

        None for a head without one.

        Args:
            norm: `[batch]`, the lengths of the embeddings.
        """
        return None

    @property
    def num_centres(self) -> int:
        """Columns of `centres`."""
        return self.num_classes

    def add_state(
        self, name: str, shape: tuple[int, ...] = (), initializer: Any = "zeros", dtype: Any = None
    ) -> keras.Variable:
        """Returns a new variable that training moves without gradients.

        All replicas must compute the same value for it, from `core.replicas.gather_batch`.
        """
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=initializer,
            dtype=dtype,
            trainable=False,
            aggregation="only_first_replica",
        )

    def call(
        self,
        embeddings: tf.Tensor,
        labels: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the logits `[batch, num_classes]` in the layer's dtype.

        Args:
            embeddings: `[batch, embedding_size]` float, of any length.
            labels: `[batch]` int in `[0, num_classes)`; None leaves the margin out.
            training: Whether a head that anneals or adapts its margin takes a step.
        """
        require_batch(embeddings, labels, self.num_classes)
        labels = labels if labels is None else ops.cast(labels, "int32")
        return self.logits(embeddings, labels, training)

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns the logits `[batch, num_classes]` of checked input."""
        points = embeddings if self.s is None else self.s * l2_normalize(embeddings)
        if labels is None:
            return self.project(points)
        norm = 1.0 / inverse_norm(embeddings)[:, 0]
        radius = norm if self.s is None else self.s
        products, target = self.project_with_target(points, labels)
        return self.with_margin(products, target, labels, radius, norm, training)

    def project(self, points: tf.Tensor) -> tf.Tensor:
        """Returns the products `[batch, num_classes]` of points with the classes' directions."""
        return similarity.project(points, tf.convert_to_tensor(self.centres))

    def project_with_target(
        self, points: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the same, and gathered from it the products with the own class, `[batch]`."""
        return similarity.project_with_target(points, tf.convert_to_tensor(self.centres), labels)

    def with_margin(
        self,
        products: tf.Tensor,
        target: tf.Tensor,
        labels: tf.Tensor,
        radius: float | tf.Tensor,
        norm: tf.Tensor,
        training: bool | None,
    ) -> tf.Tensor:
        """Returns `products` `[batch, num_classes]`, radius · cos θ_j, once the margin is applied.

        Args:
            products: The products with all classes.
            target: Those with the own class, `[batch]`.
            labels: `[batch]` int32.
            radius: What the hook's cosine is scaled by, a number or `[batch]`.
            norm: `[batch]`, the lengths of the embeddings.
            training: As for `adaptive_target`.
        """
        cosine = clip_cosine(target / radius)
        margin = self.adaptive_target(cosine, norm, training) - cosine
        if self.gradient == "detached":
            margin = ops.stop_gradient(margin)
        if self.negative_rule is None:
            return similarity.add_to_target(products, labels, radius * margin)
        return similarity.bend(
            products,
            labels,
            target + radius * margin,
            radius,
            rule=self.negative_rule,
            parameters=self.negative_parameters(),
            straight=self.gradient == "detached",
        )

    def own_centres(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the directions of the own centres, `[batch, embedding_size]`, of unit length.

        Args:
            embeddings: `[batch, embedding_size]`, from which a head with several centres a class
                takes the nearest.
            labels: `[batch]` int.
        """
        own = ops.take(tf.convert_to_tensor(self.centres), labels, axis=1)
        return l2_normalize(ops.transpose(own))

    def point_centres(self, directions: tf.Tensor) -> None:
        """Turns the centres to `directions` `[num_classes, embedding_size]`, keeping their lengths.

        A class whose direction is zero keeps its centre. Several centres of a class are all turned,
        each a little apart from the others, by what they start as.
        """
        centres = tf.transpose(tf.convert_to_tensor(self.centres))
        wanted = l2_normalize(ops.cast(directions, centres.dtype))
        wanted = tf.tile(wanted, [self.num_centres // self.num_classes, 1])
        length = tf.norm(centres, axis=1, keepdims=True)
        if self.num_centres > self.num_classes:
            wanted = l2_normalize(wanted + SPREAD * centres / length)
        is_given = tf.reduce_any(wanted != 0, axis=1, keepdims=True)
        self.centres.assign(tf.transpose(tf.where(is_given, length * wanted, centres)))

    def compute_output_shape(
        self, embeddings_shape: tuple, labels_shape: tuple | None = None
    ) -> tuple:
        """Returns `(batch, num_classes)`."""
        return (embeddings_shape[0], self.num_classes)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {name: getattr(self, name) for name in hyperparameters(type(self))}
        return {**super().get_config(), "num_classes": self.num_classes, **own}


def centre_initializer() -> keras.initializers.Initializer:
    """Returns what centres start as, N(0, 0.01²): the recipe of ArcFace's training code."""
    return keras.initializers.RandomNormal(stddev=0.01)
