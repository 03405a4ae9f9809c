"""The embeddings of all images of some records, in a file, as they may not fit in memory."""

from __future__ import annotations

import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.curation.cleaning_source import CleaningSource, Image, read_images
from facerec_tf.evaluation import unit_length
from facerec_tf.serving import Embedder, embed_records


class EmbeddedRecords(NamedTuple):
    """Embeddings, in the order of the data.

    Attributes:
        points: float16 `[n, dim]`, of unit length, read from the disk as needed; directions are
            within 0.05° of what they were.
        labels: int32 `[n]`, the identities.
        places: int64 `[n]`, which records they are of: damaged ones have none.
        num_records: Records in all.
    """

    points: np.ndarray
    labels: np.ndarray
    places: np.ndarray
    num_records: int


def embed_all(
    embedder: Embedder, source: CleaningSource, flip_fusion: bool, path: Path
) -> EmbeddedRecords:
    """Embeds every image of `source` into a file at `path`, which must stay as long as they do.

    Raises:
        DataError: If the records cannot be read, all images are damaged, or embeddings are not
            finite.
    """
    labels, sound = array.array("i"), array.array("b")

    def noted_images() -> Iterator[Image]:
        for image in read_images(source):
            sound.append(image.fault is None)
            if image.fault is None:
                labels.append(image.record.label)
            yield image

    dim = 0
    with open(path, "wb") as file:
        for batch in embed_records(
            embedder,
            noted_images(),
            total=source.manifest.num_images,
            source=str(source.directory),
            flip_fusion=flip_fusion,
            max_damaged=1.0,  # The report lists the damaged images.
        ):
            file.write(unit_length(batch.embeddings).astype(np.float16).tobytes())
            dim = batch.embeddings.shape[1]
    if not labels:
        raise DataError(f"All images in '{source.directory}' are damaged.")
    points = np.memmap(path, np.float16, "r").reshape(-1, dim)
    places = np.flatnonzero(np.array(sound))
    return EmbeddedRecords(points, np.array(labels), places, len(sound))
