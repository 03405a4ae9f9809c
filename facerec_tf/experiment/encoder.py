"""Encoder: one face for everything that turns crops into embeddings, wherever it was stored."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from facerec_tf.data import PairSet
from facerec_tf.evaluation import Verification, pair_scores, verify
from facerec_tf.evaluation.templates import template_embeddings
from facerec_tf.models import Recognizer, embed
from facerec_tf.serving import Embedder, inference_function

#: Images embedded at once.
BATCH = 128


@dataclasses.dataclass(frozen=True)
class Encoder:
    """A function from images to embeddings, and what is known of it.

    Attributes:
        encode: From images `[batch, h, w, 3]`, pixels 0–255, to embeddings `[batch, d]`.
        image_size: Height and width it takes.
        digest: SHA-256 of its weights.
    """

    encode: Callable[[Any], Any]
    image_size: tuple[int, int]
    digest: str

    @classmethod
    def of_recognizer(cls, recognizer: Recognizer) -> Encoder:
        """Returns the encoder of a recognizer as it stands, and as it will be trained on.

        One that will not be trained on embeds faster by `of_finished`.
        """
        encode = tf.function(lambda x: recognizer(x, training=False), reduce_retracing=True)
        size = tuple(recognizer.backbone.input_shape[1:3])
        return cls(encode, size, recognizer.digest())

    @classmethod
    def of_finished(cls, recognizer: Recognizer) -> Encoder:
        """Returns the encoder of a recognizer as it is now: in float32, like its exports."""
        size = tuple(recognizer.backbone.input_shape[1:3])
        return cls(inference_function(recognizer.backbone), size, recognizer.digest())

    @classmethod
    def of_embedder(cls, embedder: Embedder) -> Encoder:
        """Returns the encoder of an exported model."""
        return cls(embedder.embed, embedder.image_size, embedder.metadata["digest"])

    def verify(self, pairs: PairSet, flip_fusion: bool) -> tuple[Verification, np.ndarray]:
        """Returns the verification of `pairs`, and their scores `[pairs]`.

        A template of several images has the mean of their embeddings, each at unit length.

        Raises:
            DataError: If the images are of another size than the encoder takes.
        """
        pairs.require_size(self.image_size)
        batches = pairs.images(BATCH).as_numpy_iterator()
        embeddings = embed(self.encode, batches, flip_fusion)
        embeddings = template_embeddings(embeddings, pairs.templates)
        scores = pair_scores(embeddings, pairs.first, pairs.second)
        return verify(scores, pairs.same, pairs.folds), scores
