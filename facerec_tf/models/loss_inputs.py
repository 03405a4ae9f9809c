"""The inputs that a loss on embeddings can request beyond labels and embeddings."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf
from keras import ops

from facerec_tf.core.errors import argument_error
from facerec_tf.margins import MarginLayer


@dataclasses.dataclass(frozen=True)
class LossContext:
    """One replica's share of a training step, as far as it is known.

    Attributes:
        labels: int32 `[batch]`.
        embeddings: `[batch, embedding_size]`.
        sample_weight: `[batch]`, factors on the losses of the samples.
        given_images: `[batch, height, width, 3]`, the images of the embeddings.
        head: The margin head.
        logits: `[batch, num_classes]`, the head's, with its margin.
    """

    labels: tf.Tensor
    embeddings: tf.Tensor
    sample_weight: tf.Tensor | None = None
    given_images: tf.Tensor | None = None
    head: MarginLayer | None = None
    logits: tf.Tensor | None = None

    def images(self) -> tf.Tensor:
        """Returns the images, as they enter the backbone.

        Raises:
            ArgumentError: If none were given.
        """
        if self.given_images is None:
            raise argument_error("images", "given, as a loss requests them", None)
        return self.given_images

    def own_centres(self) -> tf.Tensor:
        """Returns the unit directions of the own centres, `[batch, embedding_size]`."""
        assert self.head is not None  # `Objective` refuses the request otherwise.
        return self.head.own_centres(self.embeddings, self.labels)

    def correct(self) -> tf.Tensor:
        """Returns whether the own logit is the highest, bool `[batch]`."""
        return ops.argmax(self.logits, axis=1) == self.labels


class LossInput(NamedTuple):
    """How an input is computed, and whether that takes a margin head."""

    provide: Callable[[LossContext], tf.Tensor]
    needs_head: bool


#: Every name that `EmbeddingLoss.inputs` can contain.
LOSS_INPUTS: dict[str, LossInput] = {
    "images": LossInput(LossContext.images, needs_head=False),
    "logits": LossInput(lambda context: context.logits, needs_head=True),
    "centres": LossInput(LossContext.own_centres, needs_head=True),
    "correct": LossInput(LossContext.correct, needs_head=True),
}
