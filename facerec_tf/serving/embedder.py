"""Embedder: unit vectors from an exported model."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data.codec import without_padding
from facerec_tf.data.images import check_image, decode_any
from facerec_tf.serving.export import METADATA
from facerec_tf.serving.export_format import Embed
from facerec_tf.serving.table import EXPORT_FORMATS


class Embedder:
    """Embeds face crops with a model that `facerec_tf.export` wrote, in whatever form.

    Args:
        directory: The exported folder.
        batch_size: Images embedded at once.

    Attributes:
        metadata: What the export noted: form, backbone, embedding and image size, source, digest.

    Raises:
        DataError: If the folder holds no such export, or a damaged one.
        UserError: If a package that the form needs is missing.
    """

    def __init__(self, directory: str | os.PathLike, batch_size: int = 64) -> None:
        require_count("batch_size", batch_size)
        self.batch_size = batch_size
        self.metadata, self._embed = _load(Path(directory))

    @property
    def embedding_size(self) -> int:
        """Length of an embedding."""
        return self.metadata["embedding_size"]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of a crop."""
        return tuple(self.metadata["image_size"])

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Returns unit float32 embeddings `[n, d]` of uint8 RGB crops `[n, h, w, 3]`.

        Raises:
            ArgumentError: If dtype or shape are others.
        """
        images = np.asarray(images)
        shape = (*self.image_size, 3)
        is_batch = images.dtype == np.uint8 and images.ndim == 4 and images.shape[1:] == shape
        described = f"{images.dtype} {list(images.shape)}"
        require(is_batch, "images", f"uint8 of shape [n, {shape[0]}, {shape[1]}, 3]", described)
        return self._embed_all(self._batches(images))

    def embed_jpegs(self, jpegs: Sequence[bytes]) -> np.ndarray:
        """Returns unit float32 embeddings `[n, d]` of encoded crops.

        Raises:
            DataError: If one is damaged or of another size; the message says which.
        """
        for index, jpeg in enumerate(jpegs):
            if fault := check_image(without_padding(jpeg), self.image_size, str(index)):
                raise DataError(f"Image {index}: {fault}.")
        return self._embed_all(
            np.stack([decode_any(jpeg) for jpeg in batch]) for batch in self._batches(jpegs)
        )

    def _batches(self, items: Sequence) -> Iterable[Sequence]:
        return (items[i : i + self.batch_size] for i in range(0, len(items), self.batch_size))

    def _embed_all(self, batches: Iterable[np.ndarray]) -> np.ndarray:
        rows = [self._embed(batch) for batch in batches]
        return np.concatenate(rows) if rows else np.zeros((0, self.embedding_size), np.float32)


def _load(directory: Path) -> tuple[dict[str, Any], Embed]:
    """Returns what an export says of itself, and what embeds."""
    files = {form.file for form in EXPORT_FORMATS.values()}
    if not (directory / METADATA).is_file() or not any((directory / f).is_file() for f in files):
        raise DataError(
            f"Folder {directory} holds no exported recognizer ({METADATA}, and one of "
            f"{', '.join(sorted(files))}). Write one with: python -m facerec_tf.export"
        )
    try:
        metadata = json.loads((directory / METADATA).read_text())
        return metadata, EXPORT_FORMATS[metadata["form"]].load(directory)
    except (OSError, RuntimeError, ValueError, LookupError, tf.errors.OpError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"The export in {directory} is damaged: {reason}") from error
