"""Embedder: embeddings of face crops, from any model that this package writes."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import (
    ArgumentError,
    DataError,
    argument_error,
    require,
    require_count,
)
from facerec_tf.core.quote import reason
from facerec_tf.evaluation import fuse_flip, unit_length
from facerec_tf.models import Recognizer
from facerec_tf.runs import load_keras, load_recognizer, require_one_source
from facerec_tf.serving.description import METADATA, read_description
from facerec_tf.serving.encoded_crop import decode_crop, require_encoded
from facerec_tf.serving.inference import inference_function
from facerec_tf.serving.table import EXPORT_FORMATS


class Embedder:
    """Embeds face crops with a run's recognizer, a `.keras` file or an export of any form.

    The files of an export are compared with the digests in `model.json` before they are used.
    Several threads may share an embedder.

    Args:
        path: Run folder, `.keras` file, or a folder that `facerec_tf.export` wrote.
        batch_size: Images embedded at once by `embed` and `embed_jpegs`.
        checkpoint: State of a run: `final`, `latest` or `best`.

    Attributes:
        encode: Function from images uint8 `[batch, h, w, 3]` to float embeddings `[batch, d]` as
            the model computes them.
        unit_length: Whether `encode` returns vectors of unit length only. True for exports of
            versions that did not write the norm, and of them alone.
        metadata: Description of the model; of an export the contents of `model.json`.

    Raises:
        ArgumentError: If `batch_size` or `checkpoint` is invalid.
        DataError: If there is no model at `path`, or a damaged one.
        UserError: If a package that the export needs is missing.
    """

    def __init__(
        self, path: str | os.PathLike, batch_size: int = 64, *, checkpoint: str = "final"
    ) -> None:
        path = Path(path)
        if (path / METADATA).is_file() or not (path.is_file() or (path / "config.json").is_file()):
            require(checkpoint == "final", "checkpoint", "'final' for an export", checkpoint)
            encode, metadata, has_unit_length = _load_export(path)
        else:
            if path.is_file():
                require(checkpoint == "final", "checkpoint", "'final' for a file", checkpoint)
                recognizer = load_keras(path)
            else:
                recognizer = load_recognizer(path, checkpoint)
            encode, metadata = inference_function(recognizer.backbone), _describe(recognizer)
            has_unit_length = False
        self._set(encode, metadata, has_unit_length, batch_size)

    @classmethod
    def of_recognizer(cls, recognizer: Recognizer, batch_size: int = 64) -> Embedder:
        """Wraps a recognizer in training: each call uses the weights of that moment.

        `digest` is that of the weights at the time of wrapping. A recognizer that is not trained
        any further embeds faster by `of_finished`.
        """
        encode = tf.function(lambda x: recognizer(x, training=False), reduce_retracing=True)
        return cls.of_function(encode, _describe(recognizer), batch_size=batch_size)

    @classmethod
    def of_finished(cls, recognizer: Recognizer, batch_size: int = 64) -> Embedder:
        """Wraps a copy of a recognizer: in float32, with batch normalisation folded."""
        encode = inference_function(recognizer.backbone)
        return cls.of_function(encode, _describe(recognizer), batch_size=batch_size)

    @classmethod
    def of_function(
        cls,
        encode: Callable[[Any], Any],
        metadata: Mapping[str, Any],
        *,
        unit_length: bool = False,
        batch_size: int = 64,
    ) -> Embedder:
        """Wraps a function.

        Args:
            encode: From images `[batch, h, w, 3]`, pixels 0–255, to embeddings `[batch, d]`.
            metadata: `image_size`, `embedding_size` and `digest` of the model.
            unit_length: Whether all its embeddings have unit length.
            batch_size: Images embedded at once by `embed` and `embed_jpegs`.

        Raises:
            ArgumentError: If `batch_size` is not positive.
        """
        embedder = cls.__new__(cls)
        embedder._set(encode, metadata, unit_length, batch_size)
        return embedder

    def _set(
        self,
        encode: Callable[[Any], Any],
        metadata: Mapping[str, Any],
        has_unit_length: bool,
        batch_size: int,
    ) -> None:
        require_count("batch_size", batch_size)
        self.encode = encode
        self.metadata = dict(metadata)
        self.unit_length = has_unit_length
        self.batch_size = batch_size

    @property
    def embedding_size(self) -> int:
        """Length of an embedding."""
        return self.metadata["embedding_size"]

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of a crop."""
        height, width = self.metadata["image_size"]
        return height, width

    @property
    def digest(self) -> str:
        """SHA-256 of the backbone's weights, in hexadecimal."""
        return self.metadata["digest"]

    def vectors(self, images: Any, flip_fusion: bool = False) -> np.ndarray:
        """Embeds one batch.

        Args:
            images: uint8 `[batch, h, w, 3]`, RGB pixels 0–255.
            flip_fusion: Whether to add the embedding of the mirrored image. The embeddings are
                added as the model computes them, before normalisation.

        Returns:
            float32 `[batch, d]`: of unit length with `flip_fusion`, else as the model computes
            them.

        Raises:
            ArgumentError: If dtype or shape of the images differ from these.
            DataError: With `flip_fusion`, if embeddings are not finite.
        """
        self._require_crops(images)
        if not len(images):
            return np.zeros((0, self.embedding_size), np.float32)
        embeddings = np.asarray(self.encode(images))
        if flip_fusion:
            embeddings = fuse_flip(embeddings, np.asarray(self.encode(images[:, :, ::-1])))
        return embeddings.astype(np.float32, copy=False)

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Returns unit float32 embeddings `[n, d]` of uint8 RGB crops `[n, h, w, 3]`.

        Raises:
            ArgumentError: If dtype or shape differ from these.
        """
        try:
            images = np.asarray(images)
        except ValueError:  # NumPy makes no array of images of several sizes.
            raise self._refusal("a list of arrays of different shapes") from None
        self._require_crops(images)
        return self._embed_all(self._batches(images))

    def embed_jpegs(self, jpegs: Iterable[bytes]) -> np.ndarray:
        """Returns unit float32 embeddings `[n, d]` of encoded crops.

        A crop is turned upright as the orientation in its Exif data says.

        Args:
            jpegs: The bytes of JPEG or PNG files.

        Raises:
            ArgumentError: If an item is not bytes.
            DataError: If one is damaged or of another size; the message states its index.
        """
        decoded = (
            decode_crop(jpeg, self.image_size, index)
            for index, jpeg in enumerate(require_encoded(jpegs))
        )
        return self._embed_all(iter(lambda: [*itertools.islice(decoded, self.batch_size)], []))

    def _require_crops(self, images: Any) -> None:
        shape = (*self.image_size, 3)
        if not hasattr(images, "shape"):
            raise self._refusal(type(images).__name__)
        is_batch = len(images.shape) == 4 and tuple(images.shape[1:]) == shape
        if not (is_batch and images.dtype == np.uint8):
            raise self._refusal(f"{images.dtype.name} {list(images.shape)}")

    def _refusal(self, received: str) -> ArgumentError:
        height, width = self.image_size
        return argument_error(
            "images",
            f"uint8 of shape [n, {height}, {width}, 3]: RGB crops of one size, pixels 0–255",
            received,
        )

    def _batches(self, items: Any) -> Iterable[Any]:
        return (items[i : i + self.batch_size] for i in range(0, len(items), self.batch_size))

    def _embed_all(self, batches: Iterable[Any]) -> np.ndarray:
        rows = [unit_length(self.vectors(np.asarray(batch))) for batch in batches]
        empty = np.zeros((0, self.embedding_size), np.float32)
        return np.concatenate([empty, *rows]).astype(np.float32)


def _describe(recognizer: Recognizer) -> dict[str, Any]:
    backbone = recognizer.backbone
    return {
        "backbone": backbone.name,
        "embedding_size": backbone.output_shape[-1],
        "image_size": list(backbone.input_shape[1:3]),
        "flip_fusion": False,
        "digest": recognizer.digest(),
    }


def _load_export(
    directory: Path,
) -> tuple[Callable[[np.ndarray], np.ndarray], dict[str, Any], bool]:
    """Loads an export: its function, its description, and whether only unit vectors are known."""
    files = {form.file for form in EXPORT_FORMATS.values()}
    if not (directory / METADATA).is_file() or not any((directory / f).is_file() for f in files):
        raise DataError(
            f"Folder {directory} holds no exported recognizer ({METADATA}, and one of "
            f"{', '.join(sorted(files))}). Write one with `facerec export`."
        )
    metadata = read_description(directory)
    form = metadata["form"]
    if form not in EXPORT_FORMATS:
        raise DataError(
            f"The export in {directory} has the format {form!r}. Known: {', '.join(EXPORT_FORMATS)}"
        )
    try:
        embed = EXPORT_FORMATS[form].load(directory)
    except (OSError, RuntimeError, ValueError, LookupError, tf.errors.OpError) as error:
        raise DataError(f"The export in {directory} is damaged: {reason(error)}.") from error

    def encode(images: Any) -> np.ndarray:
        embeddings, norms = embed(np.asarray(images))
        return embeddings if norms is None else embeddings * norms[:, np.newaxis]

    return encode, metadata, not metadata.get("norm", False)


def load_embedder(
    workdir: str | Path | None, model: str | Path | None, checkpoint: str = "final"
) -> Embedder:
    """Loads an embedder from the values of `--workdir`, `--model` and `--checkpoint`.

    Args:
        workdir: Run folder, or None.
        model: `.keras` file or exported folder, or None; exactly one of the two is given.
        checkpoint: State of the run; see `runs.load_recognizer`.

    Raises:
        ArgumentError: If both or neither are given, or a checkpoint of a `model` is requested.
        DataError: If it cannot be read.
    """
    path = require_one_source(workdir, model, checkpoint)
    if workdir:
        return Embedder.of_finished(load_recognizer(path, checkpoint))
    return Embedder(path) if path.is_dir() else Embedder.of_finished(load_keras(path))
