"""Embedder: unit vectors from an exported SavedModel."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data.codec import without_padding
from facerec_tf.data.images import check_image
from facerec_tf.serving.export import METADATA


class Embedder:
    """Embeds face crops with a model that `facerec_tf.export` wrote.

    Args:
        directory: The exported folder.
        batch_size: Images embedded at once.

    Attributes:
        metadata: What the export noted: backbone, embedding and image size, source, digest.

    Raises:
        DataError: If the folder holds no such export, or a damaged one.
    """

    def __init__(self, directory: str | os.PathLike, batch_size: int = 64) -> None:
        require_count("batch_size", batch_size)
        directory = Path(directory)
        if not (directory / "saved_model.pb").is_file() or not (directory / METADATA).is_file():
            raise DataError(
                f"Folder {directory} holds no exported recognizer (saved_model.pb, {METADATA}). "
                "Write one with: python -m facerec_tf.export"
            )
        self.batch_size = batch_size
        try:
            self.metadata = json.loads((directory / METADATA).read_text())
            self._model = tf.saved_model.load(str(directory))
        except (OSError, ValueError, tf.errors.OpError) as error:
            reason = str(error).strip().splitlines()[0]
            raise DataError(f"The export in {directory} is damaged: {reason}") from error
        self._signatures = self._model.signatures

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
        call = self._signatures["serving_default"]
        return self._in_batches(lambda batch: call(images=batch), images)

    def embed_jpegs(self, jpegs: Sequence[bytes]) -> np.ndarray:
        """Returns unit float32 embeddings `[n, d]` of encoded crops.

        Raises:
            DataError: If one is damaged or of another size; the message says which.
        """
        call = self._signatures["embed_jpeg"]
        for index, jpeg in enumerate(jpegs):
            if fault := check_image(without_padding(jpeg), self.image_size, str(index)):
                raise DataError(f"Image {index}: {fault}.")
        return self._in_batches(lambda batch: call(jpegs=batch), np.array(jpegs, object))

    def _in_batches(self, call: Callable, inputs: np.ndarray) -> np.ndarray:
        starts = range(0, len(inputs), self.batch_size)
        rows = [
            call(tf.constant(inputs[i : i + self.batch_size]))["embedding"].numpy() for i in starts
        ]
        return np.concatenate(rows) if rows else np.zeros((0, self.embedding_size), np.float32)
