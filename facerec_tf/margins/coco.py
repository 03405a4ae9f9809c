"""COCO: softmax over the cosines to the class means."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.batch import require_matrix
from facerec_tf.core.errors import require_between, require_positive
from facerec_tf.core.replicas import gather_batch
from facerec_tf.margins.base import MarginLayer, centre_initializer


@keras.saving.register_keras_serializable(package="facerec_tf")
class COCO(MarginLayer):
    """Logits `s·cos θ` to centroids that no gradient moves (congenerous cosine, 1702.06890, §3).

    A centroid is the running mean of its class's unit embeddings: each call with labels and
    `training=True` moves, once its logits are computed, the centroids of the classes in the batch,
    over all replicas, by `rate` towards the class's mean there.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits, the paper's α.
        rate: Share of the new batch in a centroid, within [0, 1].
        **kwargs: As `MarginLayer`, without `gradient`: there is no margin to detach.
    """

    source = "COCO 1702.06890"

    def __init__(self, num_classes: int, s: float = 32.0, rate: float = 0.5, **kwargs: Any) -> None:
        require_between("rate", rate, 0.0, 1.0)
        require_positive("s", s)
        super().__init__(num_classes, s, "exact", **kwargs)
        self.rate = rate

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centroids."""
        require_matrix(embeddings_shape)
        shape = (embeddings_shape[-1], self.num_classes)
        self.centres = self.add_state("centres", shape, centre_initializer())

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns `s·cos θ` for every identity, and moves the centroids if `training`."""
        logits = super().logits(embeddings, labels, training)
        if training and labels is not None:
            self._move(gather_batch(ops.stop_gradient(embeddings)), gather_batch(labels))
        return logits

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns cos θ unchanged, `[batch]`."""
        return cosine

    def _move(self, embeddings: tf.Tensor, labels: tf.Tensor) -> None:
        points = l2_normalize(embeddings)
        sums = tf.math.unsorted_segment_sum(points, labels, self.num_classes)
        counts = tf.math.unsorted_segment_sum(tf.ones_like(points[:, 0]), labels, self.num_classes)
        centres = tf.convert_to_tensor(self.centres)
        rate = self.rate * tf.cast(counts > 0.0, centres.dtype)
        means = tf.transpose(sums) / tf.maximum(counts, 1.0)
        self.centres.assign(centres + rate * (means - centres))
