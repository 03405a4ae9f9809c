"""Several centres per class, of which the nearest counts."""

from __future__ import annotations

import tensorflow as tf

from facerec_tf.core.angles import l2_normalize
from facerec_tf.margins import similarity
from facerec_tf.margins.centres import Centres


class SubCentres(Centres):
    """Centres whose product with a point is the highest of a class's `per_class` products."""

    def products(self, points: tf.Tensor) -> tf.Tensor:
        """Returns the highest product with each class's centres, `[batch, num_classes]`."""
        return similarity.nearest(super().products(points), self.per_class)

    def products_with_target(
        self, points: tf.Tensor, labels: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns `products(points)` and the column of the own class, `[batch]`."""
        products = self.products(points)
        return products, similarity.at_labels(products, labels)

    def own(self, points: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Returns the direction of the own centre nearest to each point, `[batch, d]`."""
        rows = tf.reshape(tf.transpose(self.matrix), [self.per_class, self.num_classes, -1])
        own = l2_normalize(tf.gather(rows, labels, axis=1))
        near = tf.argmax(tf.einsum("kbd,bd->bk", own, points), axis=1)
        return tf.gather(tf.transpose(own, [1, 0, 2]), near, axis=1, batch_dims=1)
