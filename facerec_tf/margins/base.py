"""The base class of margin heads: cosines to class centres, and one hook for the margin."""

from __future__ import annotations

import warnings
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import clip_cosine, inverse_norm, l2_normalize
from facerec_tf.core.batch import check_batch, require_matrix
from facerec_tf.core.errors import require, require_count, require_positive
from facerec_tf.core.fixed_hyperparameters import FixedHyperparameters
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.labels import check_labels, require_labels_shape
from facerec_tf.core.lookup import require_known
from facerec_tf.margins import similarity
from facerec_tf.margins.centres import Centres
from facerec_tf.margins.cross_entropy import cross_entropy
from facerec_tf.margins.sub_centres import SubCentres

GRADIENTS = ("exact", "detached")


@keras.saving.register_keras_serializable(package="facerec_tf")
class MarginLayer(FixedHyperparameters):
    """Maps embeddings to logits over identities, with a margin on the own identity.

    The layer owns one centre per identity, `centres` `[embedding_size, num_classes]`. A logit is
    the scale times the cosine of the angle θ between an embedding and a centre. The own
    identity's cosine is first replaced by `target_cosine`. Without labels no margin applies.

    To add a head, override `target_cosine`, or `adaptive_target` if the margin depends on more than
    the angle. The constructor names every parameter and its default, and stores each in an
    attribute of the same name; the configuration and the command line read them there. A head
    that also changes the other identities' cosines sets `negative_rule`. A head that is not
    softmax-based overrides `sample_losses`. The centres are reached through `class_centres` only.

    Argument order: like every Keras layer, a head takes its inputs first, `(embeddings, labels)`,
    or both in one list. Functions that return losses take labels first, `(labels, logits)`, like
    `keras.losses`.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits, which is the radius of the hypersphere; None uses the length ‖x‖
            of each embedding.
        gradient: "exact" differentiates margin and `negative_rule`; "detached" passes the gradient
            straight through to cos θ, as InsightFace's PyTorch code does: s·(p − y) without the
            slope of the margin.
        **kwargs: `name`, `trainable`, and `dtype`: "float32" (the default under any global
            precision policy) or "float64".

    Raises:
        ArgumentError: If an argument is outside its domain, or is set after the layer was built; in
            `call`, if embeddings or labels have the wrong shape, or eager labels are not whole
            numbers in `[0, num_classes)`. In a graph, such labels fail an assertion; compiled by
            XLA, they make the logits NaN.
    """

    #: Where it was published.
    source: str

    #: Whether `sample_losses` can smooth the labels.
    smooths_labels = True

    #: Whether it is a softmax of cosines, whose scale bounds the probabilities (CosFace, §4).
    scale_bounds_probability = True

    #: `rule(cosine, target, *parameters)`, a plain function of elementwise operations, replaces
    #: the other identities' cosines `[batch, num_classes]`. `target` `[batch, 1]` is the hook's
    #: result for the own one. The rule is differentiated with respect to both, and not with
    #: respect to its parameters.
    negative_rule: similarity.Rule | None = None

    #: Number of centres of each class.
    centres_per_class = 1

    #: Whether gradients move the centres.
    trains_centres = True

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
        require(s is not None or self.negative_rule is None, "s", "positive", s)
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
        """Returns the replacement of cos θ for the own identity, before scaling.

        Args:
            cosine: `[batch]`, the cosines to the own centres, within [−1, 1].
        """
        raise NotImplementedError(f"{type(self).__name__} must override target_cosine.")

    def adaptive_target(
        self, cosine: tf.Tensor, norm: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Returns the replacement of cos θ where the margin depends on more than the angle.

        Args:
            cosine: As for `target_cosine`.
            norm: `[batch]`, the lengths ‖x‖ of the embeddings.
            training: Whether to update what the head learns without gradients.
        """
        return self.target_cosine(cosine)

    def negative_parameters(self) -> tuple[float | tf.Tensor, ...]:
        """Returns the scalar arguments of `negative_rule` after cosines and targets."""
        return ()

    def sample_losses(
        self,
        labels: tf.Tensor,
        logits: tf.Tensor,
        embeddings: tf.Tensor,
        label_smoothing: float = 0.0,
    ) -> tf.Tensor:
        """Returns the loss of each sample, `[batch]`: cross-entropy, unless overridden.

        Args:
            labels: `[batch]` int.
            logits: The result of `call`, `[batch, num_classes]`.
            embeddings: The input of `call`, `[batch, embedding_size]`.
            label_smoothing: Share of the target spread over all classes, within [0, 1).
        """
        return cross_entropy(labels, logits, label_smoothing)

    def loss(
        self, embeddings: tf.Tensor, labels: tf.Tensor, training: bool | None = None
    ) -> tf.Tensor:
        """Returns the loss of each sample, `[batch]`: `call`, then `sample_losses`.

        Takes the arguments of `call`, in its order.
        """
        return self.sample_losses(labels, self(embeddings, labels, training=training), embeddings)

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres."""
        require_matrix(embeddings_shape)
        kind = Centres if self.centres_per_class == 1 else SubCentres
        add_variable = self.add_weight if self.trains_centres else self.add_state
        self.class_centres = kind(
            add_variable, embeddings_shape[-1], self.num_classes, self.centres_per_class
        )
        self.centres = self.class_centres.matrix

    @property
    def cosine_margin(self) -> float | None:
        """The margin subtracted from the own cosine, if the margin is of that kind."""
        return None

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor | None:
        """Returns the angle in radians, `[batch]`, past which the margin uses a fallback.

        None for a head without a fallback.

        Args:
            norm: `[batch]`, the lengths of the embeddings.
        """
        return None

    @property
    def length_range(self) -> tuple[float, float] | None:
        """The least and greatest length ‖x‖ between which the margin depends on it, if any."""
        return None

    def warn_of_lengths(self, embeddings: np.ndarray) -> None:
        """Warns if the margin depends on lengths, and no embedding has one in `length_range`.

        Args:
            embeddings: `[n, embedding_size]`, not normalised, n ≥ 1.
        """
        if self.length_range is None:
            return
        least, greatest = self.length_range
        lengths = np.linalg.norm(embeddings, axis=1)
        if np.all(lengths <= least) or np.all(lengths >= greatest):
            side = "shorter" if np.all(lengths <= least) else "longer"
            warnings.warn(
                f"{type(self).__name__} has no effect beyond a fixed margin: all "
                f"embeddings are {side} than its bounds [{least:g}, {greatest:g}]. "
                f"Choose bounds that contain the lengths, such as {lengths.min():.3g} to "
                f"{lengths.max():.3g}.",
                stacklevel=2,
            )

    @property
    def num_centres(self) -> int:
        """Columns of `centres`."""
        return self.centres_per_class * self.num_classes

    def add_state(
        self, name: str, shape: tuple[int, ...] = (), initializer: Any = "zeros", dtype: Any = None
    ) -> keras.Variable:
        """Returns a new variable that training updates without gradients.

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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """As `call`; also takes `[embeddings, labels]`, as heads of other projects do."""
        if len(args) == 1 and isinstance(args[0], (list, tuple)):
            args = tuple(args[0])
        return super().__call__(*args, **kwargs)

    def call(
        self,
        embeddings: tf.Tensor,
        labels: tf.Tensor | None = None,
        training: bool | None = None,
    ) -> tf.Tensor:
        """Returns the logits `[batch, num_classes]` in the layer's dtype.

        Args:
            embeddings: `[batch, embedding_size]` float, of any length.
            labels: `[batch]` or `[batch, 1]`, whole numbers in `[0, num_classes)`; None applies no
                margin.
            training: Whether a head that anneals or adapts its margin takes a step.
        """
        if labels is None:
            require_matrix(tuple(embeddings.shape))
        else:
            embeddings, labels = check_batch(embeddings, labels, self.num_classes)
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
        return self.class_centres.products(points)

    def project_with_target(
        self, points: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `project(points)` and the column of the own class, `[batch]`."""
        return self.class_centres.products_with_target(points, labels)

    def with_margin(
        self,
        products: tf.Tensor,
        target: tf.Tensor,
        labels: tf.Tensor,
        radius: float | tf.Tensor,
        norm: tf.Tensor,
        training: bool | None,
    ) -> tf.Tensor:
        """Returns `products` with the margin applied, `[batch, num_classes]`.

        Args:
            products: radius · cos θ_j for all classes, `[batch, num_classes]`.
            target: radius · cos θ for the own class, `[batch]`.
            labels: `[batch]` int32.
            radius: Scale of the hook's cosine, a number or `[batch]`.
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
            embeddings: `[batch, embedding_size]`; a head with several centres per class returns
                the nearest.
            labels: `[batch]` or `[batch, 1]`, whole numbers in `[0, num_classes)`.
        """
        checked = check_labels(labels, self.num_classes, rows=embeddings.shape[0])
        return checked.mark(self.class_centres.own(embeddings, checked.values))

    def point_centres(self, directions: tf.Tensor) -> None:
        """Rotates the centres to `directions` `[num_classes, embedding_size]`.

        Lengths stay. A class whose direction is zero keeps its centre.
        """
        self.class_centres.point(directions)

    def compute_output_shape(
        self, embeddings_shape: tuple, labels_shape: tuple | None = None
    ) -> tuple:
        """Returns `(batch, num_classes)`."""
        if labels_shape is not None:
            require_labels_shape(labels_shape)
        return (embeddings_shape[0], self.num_classes)

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        own = {name: getattr(self, name) for name in hyperparameters(type(self))}
        return {**super().get_config(), "num_classes": self.num_classes, **own}
