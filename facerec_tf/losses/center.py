"""Center loss: the distance of embeddings to a running centre of their identity."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.batch import require_matrix
from facerec_tf.core.errors import require_between, require_count
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.distances import same_identity


@keras.saving.register_keras_serializable(package="facerec_tf")
class Center(EmbeddingLoss):
    """`½·‖x − c_y‖²`, the mean over the batch (center loss, ECCV 2016, eq. 2).

    The centres have no gradient. After each training batch, over all replicas, the centres of its
    identities move by `−alpha·Σ(c − x)/(1 + n)`, where n is the number of the identity's images in
    the batch (eq. 4). They start at zero. Embeddings are not normalised.

    Args:
        num_classes: Number of identities, at least 2.
        alpha: Learning rate of the centres, within [0, 1].
        **kwargs: As `EmbeddingLoss`.
    """

    source = "Center loss, ECCV 2016"

    auxiliary_weight = 0.003

    def __init__(self, num_classes: int, alpha: float = 0.5, **kwargs: Any) -> None:
        require_count("num_classes", num_classes, least=2)
        require_between("alpha", alpha, 0.0, 1.0)
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.alpha = alpha

    def build(self, labels_shape: tuple, embeddings_shape: tuple) -> None:
        """Creates the centres, `[num_classes, embedding_size]`."""
        require_matrix(embeddings_shape)
        self.centres = self.add_weight(
            name="centres",
            shape=(self.num_classes, embeddings_shape[-1]),
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
        )

    def sample_losses(self, labels: tf.Tensor, embeddings: tf.Tensor) -> tf.Tensor:
        """Returns half the squared distances to the own centres, `[batch]`."""
        centres = tf.gather(tf.convert_to_tensor(self.centres), labels)
        return tf.reduce_sum((embeddings - centres) ** 2, axis=1) / 2.0

    def update(self, labels: tf.Tensor, embeddings: tf.Tensor) -> None:
        """Moves the centres of the batch's identities towards their images."""
        centres = tf.convert_to_tensor(self.centres)
        same = tf.cast(same_identity(labels), centres.dtype)
        images = tf.reduce_sum(same, axis=1, keepdims=True)
        own = tf.gather(centres, labels)
        moved = own - self.alpha * (images * own - tf.matmul(same, embeddings)) / (1.0 + images)
        # All images of an identity write the same row.
        self.centres.assign(tf.tensor_scatter_nd_update(centres, labels[:, tf.newaxis], moved))

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments."""
        return {**super().get_config(), "num_classes": self.num_classes}
