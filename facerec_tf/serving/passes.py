"""One pass over records or pairs: batches, progress, damaged images and finite embeddings."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import itertools
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import NotFiniteError
from facerec_tf.core.files import sha256
from facerec_tf.data import (
    MAX_DAMAGED,
    PairSet,
    Record,
    require_few_damaged,
    require_image_size,
)
from facerec_tf.data.reading import Image
from facerec_tf.evaluation import Verification, pair_scores, verify
from facerec_tf.evaluation.templates import template_embeddings
from facerec_tf.serving.embedder import Embedder

#: Images embedded at once.
BATCH = 128


class EmbeddedBatch(NamedTuple):
    """Some records, and their embeddings, float32 `[n, d]`, as the model computes them."""

    records: list[Record]
    embeddings: np.ndarray

    @property
    def labels(self) -> np.ndarray:
        """The records' labels, int64 `[n]`."""
        return np.array([record.label for record in self.records], np.int64)


def embed_records(
    embedder: Embedder,
    images: Iterable[Image],
    *,
    total: int,
    source: str,
    description: str = "embedding",
    flip_fusion: bool = False,
    max_damaged: float = MAX_DAMAGED,
    verbose: int = 1,
) -> Iterator[EmbeddedBatch]:
    """Embeds images of records in batches, and leaves out those that are damaged.

    Args:
        embedder: The model.
        images: As `data.reading.read_images` yields them.
        total: Number of images to come, for the progress bar and for the share of damaged ones.
        source: Name of the records in error messages.
        description: Text before the progress bar.
        flip_fusion: Whether to add the embedding of the mirrored image.
        max_damaged: Share of `total` that may be damaged.
        verbose: 0 shows no progress bar.

    Raises:
        DataError: If too many images are damaged, or embeddings are not finite.
    """
    faults: list[str] = []
    images = iter(images)
    with progress_bar(verbose=verbose, desc=description, total=total, unit=" images") as progress:
        while batch := list(itertools.islice(images, BATCH)):
            faults += [image.fault for image in batch if image.fault]
            require_few_damaged(faults, total, f"in '{source}'", max_damaged)
            intact = [image for image in batch if image.pixels is not None]
            if intact:
                pixels = np.stack([image.pixels for image in intact if image.pixels is not None])
                embeddings = require_finite(embedder.vectors(pixels, flip_fusion))
                yield EmbeddedBatch([image.record for image in intact], embeddings)
            progress.update(len(batch))


def embed_pairs(
    embedder: Embedder, pairs: PairSet, flip_fusion: bool = False, *, verbose: int = 0
) -> np.ndarray:
    """Embeds every image of a pair set once.

    Args:
        embedder: The model.
        pairs: The pair set.
        flip_fusion: Whether to add the embedding of the mirrored image.
        verbose: 0 shows no progress bar.

    Returns:
        float32 `[images, d]`, in the order of the pair set.

    Raises:
        DataError: If the images are of another size than the embedder takes, or embeddings are not
            finite.
    """
    require_image_size(pairs.directory, pairs.manifest.image_size, embedder.image_size)
    embeddings = []
    with progress_bar(
        verbose=verbose, desc="embedding", total=pairs.num_images, unit=" images"
    ) as progress:
        for images in pairs.images(BATCH).as_numpy_iterator():
            embeddings.append(require_finite(embedder.vectors(images, flip_fusion)))
            progress.update(len(images))
    return np.concatenate(embeddings)


def verify_pairs(
    embedder: Embedder, pairs: PairSet, flip_fusion: bool = False, *, verbose: int = 0
) -> tuple[Verification, np.ndarray]:
    """Verifies the pairs of a pair set.

    A template of several images is represented by the mean of their unit embeddings.

    Args:
        embedder: The model.
        pairs: The pair set.
        flip_fusion: Whether to add the embedding of the mirrored image.
        verbose: 0 shows no progress bar.

    Returns:
        The verification figures, and the scores float64 `[pairs]`.

    Raises:
        DataError: As `embed_pairs`.
    """
    images = embed_pairs(embedder, pairs, flip_fusion, verbose=verbose)
    embeddings = template_embeddings(images, pairs.templates)
    scores = pair_scores(embeddings, pairs.first, pairs.second)
    verification = verify(scores, pairs.same, pairs.folds)
    threshold = dataclasses.replace(
        verification.operating_point,
        data=str(pairs.directory),
        data_digest=_digest(pairs),
        model_digest=embedder.digest,
        flip_fusion=flip_fusion or bool(embedder.metadata.get("flip_fusion")),
        date=datetime.date.today().isoformat(),
    )
    return dataclasses.replace(verification, operating_point=threshold), scores


def _digest(pairs: PairSet) -> str:
    """Returns one SHA-256 of the pairs and of the manifest, which has those of the images."""
    files = [pairs.directory / name for name in ("manifest.json", "pairs.csv", "templates.csv")]
    digests = [sha256(file) for file in files if file.is_file()]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def require_finite(embeddings: np.ndarray) -> np.ndarray:
    """Returns `embeddings`; raises `NotFiniteError` if an entry is NaN or infinite."""
    if not np.isfinite(embeddings).all():
        raise NotFiniteError(
            "Embeddings are not finite: the recognizer has diverged or is damaged."
        )
    return embeddings
