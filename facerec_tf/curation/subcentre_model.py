"""A recognizer with several centres for each identity, and the identities it was trained on."""

from __future__ import annotations

import itertools
import reprlib
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import require_image_size
from facerec_tf.evaluation.label_noise import centres_by_class
from facerec_tf.models import Recognizer
from facerec_tf.runs import RunFolder
from facerec_tf.serving import Embedder


class SubcentreModel(NamedTuple):
    """A recognizer with several centres for each class.

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


def trained_classes(
    records: RecordFolder, workdir: str | None, min_images: int | None
) -> np.ndarray:
    """Classes of the recognizer by identity of the records.

    Args:
        records: The records to clean.
        workdir: Run folder of the recognizer, or None.
        min_images: Without a run: identities of fewer images were not trained on; by default 1.

    Returns:
        int64 `[identities]`: the class of each identity, -1 if it was not trained on.

    Raises:
        DataError: If the records have other identities than the run.
    """
    manifest = records.manifest
    if workdir is None:
        return manifest.select(1 if min_images is None else min_images).labels
    run = RunFolder(workdir)
    trained = run.manifest()
    both = itertools.zip_longest(manifest.classes, trained.classes)
    for label, (here, there) in enumerate(both):
        if here is None or there is None or here.name != there.name:
            here, there = (
                reprlib.repr(entry.name) if entry else "missing" for entry in (here, there)
            )
            raise DataError(
                f"Records '{records.directory}' have other identities than those that run "
                f"'{workdir}' was trained on: label {label} is {here} in the records, and {there} "
                "in the run."
            )
    return trained.select(run.config().data.min_images).labels


def require_fit(model: SubcentreModel, records: RecordFolder, classes: np.ndarray) -> None:
    """Raises `DataError` unless the recognizer takes such images and has as many identities.

    Args:
        model: The recognizer.
        records: The records to clean.
        classes: From `trained_classes`.
    """
    image_size = records.manifest.image_size
    require_image_size(records.directory, image_size, model.embedder.image_size)
    if (known := int((classes >= 0).sum())) != len(model.centres):
        raise DataError(
            f"Records '{records.directory}' hold {known:,} identities with centres, but the "
            f"recognizer was trained on {len(model.centres):,}: give the records it was trained on "
            "and, with --model, its --min_images."
        )
