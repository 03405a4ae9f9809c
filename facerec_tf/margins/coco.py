"""COCO: softmax over the cosines to the class means."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.angles import l2_normalize
from facerec_tf.core.errors import require_between, require_positive
from facerec_tf.core.replicas import gather_batch
from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class COCO(MarginLayer):
    """Logits `s·cos θ` to centroids without gradients (congenerous cosine, 1702.06890, §3).

    A centroid is the running mean of its class's unit embeddings. Each call with labels and
    `training=True` computes the logits, then moves the centroids of the classes in the batch of all
    replicas by `rate` towards the class's mean in that batch.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits, the paper's α.
        rate: Weight of the new batch in a centroid, within [0, 1].
        **kwargs: As `MarginLayer`, without `gradient`: there is no margin to detach.
    """

    source = "COCO 1702.06890"

    trains_centres = False

    def __init__(self, num_classes: int, s: float = 32.0, rate: float = 0.5, **kwargs: Any) -> None:
        require_between("rate", rate, 0.0, 1.0)
        require_positive("s", s)
        super().__init__(num_classes, s, "exact", **kwargs)
        self.rate = rate

    def logits(
        self, embeddings: tf.Tensor, labels: tf.Tensor | None, training: bool | None
    ) -> tf.Tensor:
        """Returns `s·cos θ` for every identity, and moves the centroids if `training`."""
        logits = super().logits(embeddings, labels, training)
        if training and labels is not None:
            points = l2_normalize(gather_batch(ops.stop_gradient(embeddings)))
            self.class_centres.move_to_means(points, gather_batch(labels), self.rate)
        return logits

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns cos θ unchanged, `[batch]`."""
        return cosine
