"""BatchSource: the training batches of a run and its position in their stream."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from facerec_tf.config import AugmentationConfig, DataConfig
from facerec_tf.core.errors import DataError, require
from facerec_tf.core.files import atomic_file, read_text
from facerec_tf.data import (
    MAX_DAMAGED,
    BalancedSampler,
    Manifest,
    OnDamaged,
    StreamOptions,
    explain,
    training_dataset,
)
from facerec_tf.runs.writing import writing

#: Errors of a shard that was removed, or whose disk was unmounted.
_LOST = (tf.errors.NotFoundError, tf.errors.PermissionDeniedError, tf.errors.UnavailableError)

#: Batches that the pipeline may have read ahead when it fails.
PREFETCHED = 8

_LOG = logging.getLogger(__name__)


def make_sampler(
    images: np.ndarray, data: DataConfig, batch_size: int, seed: int
) -> BalancedSampler | None:
    """The sampler of balanced batches, or None if `data` requests the plain shuffle.

    Args:
        images: integer `[n]`: number of images of each identity.
        data: Whether batches are balanced, and how.
        batch_size: Images per step, over all replicas.
        seed: Seed of the order.

    Raises:
        ArgumentError: If the data cannot fill batches of this size.
    """
    if data.images_per_identity:
        return BalancedSampler(
            images, batch_size=batch_size, images_per_identity=data.images_per_identity, seed=seed
        )
    total = int(images.sum())
    require(batch_size <= total, "batch_size", f"at most {total}, all images", batch_size)
    return None


class BatchSource:
    """Training batches from any step of the endless stream of records.

    The stream is a function of (seed, position), so a resumed run needs only the step.

    Args:
        directory: Folder of records.
        data: Which records to use.
        augmentation: Random changes made to the images.
        batch_size: Images per step, over all replicas.
        seed: Seed of order and augmentation.
        damaged_log: File to which every damaged image is written, with its position in the stream.

    Attributes:
        images_per_identity: Images of each identity in a batch; None for the plain shuffle.
        damaged: Number of damaged images in the batches taken so far.

    Raises:
        ArgumentError: If the data cannot fill batches of this size.
    """

    def __init__(
        self,
        directory: Path,
        data: DataConfig,
        augmentation: AugmentationConfig,
        *,
        batch_size: int,
        seed: int,
        damaged_log: Path,
    ) -> None:
        self.batch_size = batch_size
        self.damaged = 0
        self.damaged_log = damaged_log
        self._faults: dict[int, str] = {}  # By position; the pipeline reads ahead.
        selection = Manifest.load(directory).select(data.min_images)
        self.num_images = selection.num_images
        self.images_per_identity = data.images_per_identity or None
        self._sampler = make_sampler(selection.images, data, batch_size, seed)
        self._options = StreamOptions(
            directory,
            seed=seed,
            min_images=data.min_images,
            shuffle_buffer=data.shuffle_buffer,
            images_per_identity=self.images_per_identity,
            global_batch_size=batch_size,
        )
        self._augmentation = augmentation
        self._position = 0
        self._iterator: Iterator[Any] | None = None

    @property
    def repeated(self) -> int:
        """Number of images so far that repeat another image of their batch.

        Balanced batches repeat the images of identities that have too few.
        """
        return self._sampler.repeated(self._position // self.batch_size) if self._sampler else 0

    def seek(self, step: int) -> None:
        """Moves to the batch of `step`, counted from 0; drops log entries of later batches.

        Raises:
            DataError: If the log of damaged images is damaged.
        """
        self._position = step * self.batch_size
        self._iterator = None
        if self.damaged_log.exists():
            lines = read_text(self.damaged_log, "log of damaged images").splitlines(keepends=True)
            # A crash may have cut the last line short; it is written again.
            kept = [line for line in lines if line.endswith("\n") and self._is_before(line)]
            with atomic_file(self.damaged_log) as path:
                path.write_text("".join(kept), encoding="utf-8")
            self.damaged = len(kept)

    def _is_before(self, line: str) -> bool:
        """Whether a line of the log of damaged images is of a batch before the current one."""
        position = line.partition("\t")[0]
        if not position.isdecimal():
            raise DataError(
                f"Log of damaged images '{self.damaged_log}' is damaged: a line begins with "
                f"{position[:40]!r} instead of a position. Delete the file to continue without it."
            )
        return int(position) < self._position

    def iterator(self) -> Iterator[Any]:
        """The (distributed) iterator over the batches from the current step on."""
        if self._iterator is None:
            strategy = tf.distribute.get_strategy()
            dataset = strategy.distribute_datasets_from_function(
                lambda context: self._dataset(context, self._position, _note_in(self._faults))
            )
            self._iterator = iter(dataset)
        return self._iterator

    def batch_at(self, step: int) -> dict[str, np.ndarray]:
        """The global batch of `step` as arrays."""
        first = step * self.batch_size
        dataset = self._dataset(tf.distribute.InputContext(), first, lambda *_: None)
        with self._explained_errors(first, first + (1 + PREFETCHED) * self.batch_size - 1):
            return {name: array.numpy() for name, array in next(iter(dataset)).items()}

    def advance(self, steps: int) -> None:
        """Records that `steps` batches were taken, and logs the damaged images in them.

        Raises:
            DataError: If more than 1 % of the images so far are damaged.
        """
        self._position += steps * self.batch_size
        found = sorted(place for place in list(self._faults) if place < self._position)
        if not found:
            return
        faults = [self._faults.pop(place) for place in found]
        self.damaged += len(found)
        with writing(self.damaged_log), open(self.damaged_log, "a", encoding="utf-8") as file:
            file.writelines(f"{p}\t{fault}\n" for p, fault in zip(found, faults, strict=True))
        _LOG.warning("Skipped %d damaged images, listed in %s", len(found), self.damaged_log)
        if self.damaged > MAX_DAMAGED * max(self.num_images, self._position):
            raise DataError(
                f"{self.damaged:,} of the first {self._position} images are damaged, more than "
                f"1 %. They are listed in {self.damaged_log}; the latest: {faults[-1]}"
            )

    def explained_errors(self, steps: int) -> contextlib.AbstractContextManager[None]:
        """Context in which a pipeline error of the next `steps` batches names the record."""
        last = self._position + (steps + PREFETCHED) * self.batch_size - 1
        return self._explained_errors(self._position, last)

    @contextlib.contextmanager
    def _explained_errors(self, first: int, last: int) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            explanation = explain(error, self._options, first=first, last=last)
            if explanation is None:
                raise
            lost = isinstance(error, _LOST)
            advice = " Restore it, then continue the run with --resume." if lost else ""
            raise DataError(f"{explanation}{advice}") from error

    def _dataset(
        self, context: tf.distribute.InputContext, start: int, on_damaged: OnDamaged
    ) -> tf.data.Dataset:
        return training_dataset(
            self._options,
            batch_size=context.get_per_replica_batch_size(self.batch_size),
            start=start,
            augmentation=self._augmentation,
            input_pipeline_id=context.input_pipeline_id,
            num_input_pipelines=context.num_input_pipelines,
            on_damaged=on_damaged,
        )


def _note_in(faults: dict[int, str]) -> OnDamaged:
    # Not a method: TensorFlow keeps the function, and its object, until the process ends.
    def note(position: int, filename: str, fault: str) -> None:
        faults[position] = f"Image {filename!r}: {fault}."

    return note
