"""What images are judged by: the embedding and the sub-centres of a recognizer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.cleaning_source import CleaningSource
from facerec_tf.evaluation.label_noise import centres_by_class
from facerec_tf.experiment import Encoder
from facerec_tf.models import Recognizer, embed


class SubcentreModel(NamedTuple):
    """What images are judged by.

    Attributes:
        embed: From uint8 `[batch, height, width, 3]` to embeddings `[batch, dim]`.
        image_size: Height and width it takes.
        centres: float32 `[classes, k, dim]`: those of the head, of unit length.
    """

    embed: Callable[[np.ndarray], np.ndarray]
    image_size: tuple[int, int]
    centres: np.ndarray

    @classmethod
    def of_recognizer(cls, recognizer: Recognizer, flip_fusion: bool) -> SubcentreModel:
        """Returns the judge that a recognizer makes.

        Raises:
            DataError: If its head has no more than one centre a class.
        """
        head = recognizer.head
        if head is None or head.num_centres == head.num_classes:
            found = f"head, {type(head).__name__}, has one centre" if head else "loss has no centre"
            raise DataError(
                f"The recognizer's {found} for each identity, where several are needed: train with "
                "--loss=subcenter_arcface --k=3."
            )
        encoder = Encoder.of_finished(recognizer)
        return cls(
            lambda images: _require_finite(embed(encoder.encode, [images], flip_fusion)),
            encoder.image_size,
            centres_by_class(np.asarray(head.centres), head.num_centres // head.num_classes),
        )


def require_fit(judge: SubcentreModel, source: CleaningSource) -> None:
    """Raises `DataError` unless the recognizer takes such images and has as many identities."""
    if source.manifest.image_size != judge.image_size:
        found, wanted = (
            "×".join(map(str, size)) for size in (source.manifest.image_size, judge.image_size)
        )
        raise DataError(
            f"Images of '{source.directory}' are {found} pixels, but the recognizer takes {wanted}."
        )
    if (known := int((source.classes >= 0).sum())) != len(judge.centres):
        raise DataError(
            f"Records '{source.directory}' hold {known:,} identities to judge, but the recognizer "
            f"was trained on {len(judge.centres):,}: give the records it was trained on and, with "
            "--model, its --min_images."
        )


def _require_finite(embeddings: np.ndarray) -> np.ndarray:
    if not np.isfinite(embeddings).all():
        raise DataError("Embeddings are not finite: the recognizer has diverged or is damaged.")
    return embeddings
