"""The embedder and the sub-centres of a recognizer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.cleaning_source import CleaningSource
from facerec_tf.evaluation.label_noise import centres_by_class
from facerec_tf.models import Recognizer
from facerec_tf.serving import Embedder
from facerec_tf.serving.passes import require_image_size


class SubcentreModel(NamedTuple):
    """A recognizer with several centres for each identity.

    Attributes:
        embedder: Its embedder.
        flip_fusion: Whether to add the embedding of the mirrored image.
        centres: float32 `[classes, k, dim]`: the head's centres, of unit length.
    """

    embedder: Embedder
    flip_fusion: bool
    centres: np.ndarray

    @classmethod
    def of_recognizer(cls, recognizer: Recognizer, flip_fusion: bool) -> SubcentreModel:
        """Takes embedder and centres from a recognizer.

        Raises:
            DataError: If its head has only one centre for each class.
        """
        head = recognizer.head
        if head is None or head.num_centres == head.num_classes:
            found = f"head, {type(head).__name__}, has one centre" if head else "loss has no centre"
            raise DataError(
                f"The recognizer's {found} for each identity, where several are needed: train with "
                "--loss=subcenter_arcface --k=3."
            )
        return cls(
            Embedder.of_finished(recognizer),
            flip_fusion,
            centres_by_class(np.asarray(head.centres), head.num_centres // head.num_classes),
        )


def require_fit(model: SubcentreModel, source: CleaningSource) -> None:
    """Raises `DataError` unless the recognizer takes such images and has as many identities."""
    require_image_size(model.embedder, source.manifest.image_size, source.directory)
    if (known := int((source.classes >= 0).sum())) != len(model.centres):
        raise DataError(
            f"Records '{source.directory}' hold {known:,} identities with centres, but the "
            f"recognizer was trained on {len(model.centres):,}: give the records it was trained on "
            "and, with --model, its --min_images."
        )
