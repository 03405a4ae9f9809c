"""The mean direction of each identity's embeddings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from facerec_tf.core.chief import emit
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import Record
from facerec_tf.data.reading import read_images, read_records
from facerec_tf.evaluation import unit_length
from facerec_tf.serving import Embedder, embed_records


def identity_directions(folder: RecordFolder, embedder: Embedder, images: int) -> np.ndarray:
    """Computes the mean direction of the first `images` images of every identity.

    Args:
        folder: The records.
        embedder: The model.
        images: Largest number of images of an identity that are embedded.

    Returns:
        float32 `[identities, dim]`, of unit length; zero for an identity whose images are damaged.

    Raises:
        DataError: If records cannot be read, more than 1 % of the images are damaged, or embeddings
            are not finite.
    """
    manifest = folder.manifest
    counts = manifest.classes.images
    total = int(np.minimum(counts, images).sum())
    emit(f"Embedding {total:,} images of '{folder.directory}'.")
    sums = np.zeros((len(counts), embedder.embedding_size))
    for batch in embed_records(
        embedder,
        read_images(_first(folder, images), manifest),
        total=total,
        source=str(folder.directory),
        description=folder.directory.name,
    ):
        np.add.at(sums, batch.labels, unit_length(batch.embeddings))
    return unit_length(sums).astype(np.float32)


def _first(folder: RecordFolder, images: int) -> Iterator[tuple[str, Record]]:
    taken = np.zeros(folder.manifest.num_classes, np.int64)
    for path, record in read_records(folder.directory, folder.manifest):
        if taken[record.label] < images:
            taken[record.label] += 1
            yield path, record
