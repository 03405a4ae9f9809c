"""Initializes a head with the mean embedding of each identity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

from facerec_tf.config import DataConfig
from facerec_tf.data import Manifest
from facerec_tf.data.reading import read_images, read_records
from facerec_tf.evaluation import unit_length
from facerec_tf.models import Recognizer
from facerec_tf.serving import Embedder, embed_records


def point_to_class_means(
    recognizer: Recognizer,
    records: Path,
    data: DataConfig,
    verbose: int = 1,
    chosen: np.ndarray | None = None,
) -> None:
    """Sets the direction of centres to the mean unit embedding of their identity's images.

    Args:
        recognizer: With a margin head over the identities of `data`.
        records: Folder of records.
        data: Which of them are trained on.
        verbose: 0 shows no progress bar.
        chosen: Labels of the centres to set, int `[n]`; by default all.

    Raises:
        DataError: If records cannot be read, more than 1 % of the images are damaged, or embeddings
            are not finite.
    """
    manifest = Manifest.load(records)
    selection = manifest.select(data.min_images)
    if chosen is None:
        chosen = np.arange(selection.num_classes)
    labels = np.where(np.isin(selection.labels, chosen), selection.labels, -1)
    wanted = (item for item in read_records(records, manifest) if labels[item[1].label] >= 0)
    sums = np.zeros((selection.num_classes, recognizer.backbone.output_shape[-1]))
    for batch in embed_records(
        Embedder.of_finished(recognizer),
        read_images(wanted, manifest),
        total=int(selection.images[chosen].sum()),
        source=str(records),
        description="class means",
        verbose=verbose,
    ):
        np.add.at(sums, labels[batch.labels], unit_length(batch.embeddings))
    assert recognizer.head is not None
    recognizer.head.point_centres(tf.constant(sums))
