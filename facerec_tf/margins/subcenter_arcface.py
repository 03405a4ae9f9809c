"""Sub-center ArcFace: several centres a class, of which the nearest counts."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import require_count
from facerec_tf.margins import similarity
from facerec_tf.margins.arcface import ArcFace


@keras.saving.register_keras_serializable(package="facerec_tf")
class SubCenterArcFace(ArcFace):
    """ArcFace on the highest cosine to any of a class's k centres (Sub-center ArcFace, ECCV 2020).

    Wrongly labelled and hard images gather at centres of their own, apart from the dominant one;
    `tools/clean_labels.py` then drops or re-labels what lies far from it. `centres` is
    `[embedding_size, k·num_classes]`: the first centres of all classes, then all second ones.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None keeps ‖x‖.
        m: Margin on the angle, in radians, within [0, π/2].
        k: Centres a class, at least 1; 1 is ArcFace.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "Sub-center ArcFace, ECCV 2020"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        m: float = 0.5,
        k: int = 3,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_count("k", k)
        self.k = k
        super().__init__(num_classes, s, m, gradient=gradient, **kwargs)

    @property
    def num_centres(self) -> int:
        """Columns of `centres`."""
        return self.k * self.num_classes

    def project(self, points: tf.Tensor) -> tf.Tensor:
        """Returns the highest product with a class's centres, `[batch, num_classes]`."""
        return similarity.nearest(super().project(points), self.k)

    def project_with_target(
        self, points: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the same, and gathered from it the products with the own class, `[batch]`."""
        products = self.project(points)
        return products, similarity.at_labels(products, labels)

    def own_centres(self, embeddings: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the direction of the own centre nearest to each embedding, unit `[batch, d]`."""
        rows = tf.reshape(tf.transpose(self.centres), [self.k, self.num_classes, -1])
        own = l2_normalize(tf.gather(rows, labels, axis=1))
        near = tf.argmax(tf.einsum("kbd,bd->bk", own, embeddings), axis=1)
        return tf.gather(tf.transpose(own, [1, 0, 2]), near, axis=1, batch_dims=1)
