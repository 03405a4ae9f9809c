"""The class centres of a head: the matrix, products with it, and a row's own class."""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import l2_normalize
from facerec_tf.margins import similarity

#: Initial distance between the centres of one class, relative to their length.
SPREAD = 0.1


class Centres:
    """Dense class centres: one matrix, complete on every replica.

    Heads reach the matrix only through this class, so that another kind of storage can take its
    place: it provides the methods below, and every head works with it.

    Args:
        add_variable: Creates the matrix: the head's `add_weight`, or `add_state` where no gradient
            moves the centres. The head owns the variable; files and checkpoints list it there.
        embedding_size: Rows of the matrix.
        num_classes: Number of identities.
        per_class: Number of centres of each class.

    Attributes:
        matrix: Variable `[embedding_size, per_class * num_classes]`, initially N(0, 0.01²) as in
            ArcFace's training code: the first centres of all classes, then all second ones.
    """

    def __init__(
        self,
        add_variable: Callable[..., keras.Variable],
        embedding_size: int,
        num_classes: int,
        per_class: int = 1,
    ) -> None:
        self.num_classes = num_classes
        self.per_class = per_class
        self.matrix = add_variable(
            name="centres",
            shape=(embedding_size, per_class * num_classes),
            initializer=keras.initializers.RandomNormal(stddev=0.01),
        )

    def products(self, points: tf.Tensor) -> tf.Tensor:
        """Returns the products `[batch, num_classes]` of points with the classes' directions."""
        return similarity.project(points, tf.convert_to_tensor(self.matrix))

    def products_with_target(
        self, points: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `products(points)` and the column of the own class, `[batch]`."""
        return similarity.project_with_target(points, tf.convert_to_tensor(self.matrix), labels)

    def linear(self, points: tf.Tensor) -> tf.Tensor:
        """Returns the products `[batch, num_classes]` with the centres at their own lengths."""
        return ops.matmul(points, self.matrix)

    def linear_with_target(
        self, points: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Returns `linear(points)`, its own column `[batch]` and the own lengths `[batch]`."""
        return similarity.multiply_with_target(points, tf.convert_to_tensor(self.matrix), labels)

    def own(self, points: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the direction of each point's own centre, `[batch, embedding_size]`.

        Args:
            points: `[batch, embedding_size]`, which select among several centres of a class.
            labels: `[batch]` int.
        """
        own = ops.take(tf.convert_to_tensor(self.matrix), labels, axis=1)
        return l2_normalize(ops.transpose(own))

    def point(self, directions: tf.Tensor) -> None:
        """Rotates the centres to `directions` `[num_classes, embedding_size]`.

        Lengths stay. A class whose direction is zero keeps its centre. Several centres of a class
        end up close to the direction, displaced from it by their current values.
        """
        centres = tf.transpose(tf.convert_to_tensor(self.matrix))
        wanted = l2_normalize(ops.cast(directions, centres.dtype))
        wanted = tf.tile(wanted, [self.per_class, 1])
        length = tf.norm(centres, axis=1, keepdims=True)
        if self.per_class > 1:
            wanted = l2_normalize(wanted + SPREAD * centres / length)
        is_given = tf.reduce_any(wanted != 0, axis=1, keepdims=True)
        self.matrix.assign(tf.transpose(tf.where(is_given, length * wanted, centres)))

    def move_to_means(self, points: tf.Tensor, labels: tf.Tensor, rate: float) -> None:
        """Moves the centre of each class in the batch by `rate` towards the mean of its points.

        Args:
            points: `[batch, embedding_size]`, of all replicas.
            labels: `[batch]` int.
            rate: Weight of the mean in the new centre, within [0, 1].
        """
        sums = tf.math.unsorted_segment_sum(points, labels, self.num_classes)
        counts = tf.math.unsorted_segment_sum(tf.ones_like(points[:, 0]), labels, self.num_classes)
        centres = tf.convert_to_tensor(self.matrix)
        rates = rate * tf.cast(counts > 0.0, centres.dtype)
        means = tf.transpose(sums) / tf.maximum(counts, 1.0)
        self.matrix.assign(centres + rates * (means - centres))
