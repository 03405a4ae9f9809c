"""The embeddings of all images of a folder, in a file: they may not fit in memory."""

from __future__ import annotations

import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data.reading import Image
from facerec_tf.evaluation import unit_length
from facerec_tf.serving import Embedder, embed_records


class EmbeddedRecords(NamedTuple):
    """Embeddings, in the order of the data.

    Attributes:
        points: float16 `[n, dim]`, of unit length, read from the disk as needed; rounding changes
            their directions by less than 0.05°.
        labels: int32 `[n]`, the identities.
        places: int64 `[n]`, the positions of the records; damaged images have no embedding.
        num_records: Number of records, with the damaged ones.
    """

    points: np.ndarray
    labels: np.ndarray
    places: np.ndarray
    num_records: int


def embed_to_file(
    embedder: Embedder, records: RecordFolder, flip_fusion: bool, path: Path
) -> EmbeddedRecords:
    """Embeds every image of a folder.

    Args:
        embedder: The model.
        records: The records.
        flip_fusion: Whether to add the embedding of the mirrored image.
        path: File for the embeddings; it must exist as long as the result is used.

    Raises:
        DataError: If the records cannot be read, all images are damaged, or embeddings are not
            finite.
    """
    labels, sound = array.array("i"), array.array("b")

    def noted_images() -> Iterator[Image]:
        for image in records.images():
            sound.append(image.fault is None)
            if image.fault is None:
                labels.append(image.record.label)
            yield image

    dim = 0
    with open(path, "wb") as file:
        for batch in embed_records(
            embedder,
            noted_images(),
            total=records.manifest.num_images,
            source=str(records.directory),
            flip_fusion=flip_fusion,
            max_damaged=1.0,  # The report lists the damaged images.
        ):
            file.write(unit_length(batch.embeddings).astype(np.float16).tobytes())
            dim = batch.embeddings.shape[1]
    if not labels:
        raise DataError(f"All images in '{records.directory}' are damaged.")
    points = np.memmap(path, np.float16, "r").reshape(-1, dim)
    places = np.flatnonzero(np.array(sound))
    return EmbeddedRecords(points, np.array(labels), places, len(sound))
