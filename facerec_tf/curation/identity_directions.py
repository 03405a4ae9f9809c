"""The direction in which each identity of some records lies, from some of its images."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import MAX_DAMAGED, Record
from facerec_tf.data.reading import read_images, read_records

#: From uint8 images `[batch, height, width, 3]`, RGB, to embeddings `[batch, dim]` of any length.
Embed = Callable[[np.ndarray], np.ndarray]

#: Images embedded at once.
_BATCH = 128


def identity_directions(stored: RecordFolder, embed: Embed, images: int) -> np.ndarray:
    """Returns the mean direction of the first `images` images of every identity, or of all it has.

    Args:
        stored: The records.
        embed: What embeds.
        images: Images of an identity that count, at most.

    Returns:
        float32 `[identities, dim]`, of unit length; zero where those images are damaged.

    Raises:
        DataError: If records cannot be read, more than 1 % of the images are damaged, or embeddings
            are not finite.
    """
    counts = np.array([entry.images for entry in stored.manifest.classes])
    total, damaged, sums = int(np.minimum(counts, images).sum()), [], None
    progress = progress_bar(desc=stored.directory.name, total=total, unit=" images")
    found = read_images(_first(stored, images), stored.manifest)
    while batch := list(itertools.islice(found, _BATCH)):
        progress.update(len(batch))
        damaged += [image.fault for image in batch if image.fault]
        if len(damaged) > MAX_DAMAGED * total:
            raise DataError(
                f"More than 1 % of the images in '{stored.directory}' are damaged. "
                + " ".join(damaged[:3])
            )
        sound = [image for image in batch if image.fault is None]
        if not sound:
            continue
        points = np.asarray(embed(np.stack([image.pixels for image in sound])), np.float32)
        if not np.isfinite(points).all():
            raise DataError("Embeddings are not finite: the recognizer has diverged or is damaged.")
        if sums is None:
            sums = np.zeros((len(counts), points.shape[1]), np.float32)
        np.add.at(sums, [image.record.label for image in sound], _unit(points))
    progress.close()
    return _unit(sums)


def _first(stored: RecordFolder, images: int) -> Iterator[tuple[str, Record]]:
    taken = np.zeros(stored.manifest.num_classes, np.int64)
    for path, record in read_records(stored.directory, stored.manifest):
        if taken[record.label] < images:
            taken[record.label] += 1
            yield path, record


def _unit(vectors: np.ndarray) -> np.ndarray:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms == 0, 1.0, norms)
