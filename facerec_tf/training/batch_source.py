"""BatchSource: the training batches of a run, and where in their stream it stands."""

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
from facerec_tf.core.files import atomic_file
from facerec_tf.data import (
    MAX_DAMAGED,
    BalancedSampler,
    Manifest,
    OnDamaged,
    explain,
    training_dataset,
)

#: Batches the pipeline may be ahead when it stumbles.
PREFETCHED = 8

_LOG = logging.getLogger(__name__)


def make_sampler(
    images: np.ndarray, data: DataConfig, batch_size: int, seed: int
) -> BalancedSampler | None:
    """Returns the sampler that `data` asks for, or None for the plain shuffle.

    Args:
        images: integer `[n]`: images of each identity.
        data: Whether, and how, batches are balanced.
        batch_size: Images per step, over all replicas.
        seed: Seed of the order.

    Raises:
        ArgumentError: If batches of this size cannot be made of the data.
    """
    if data.images_per_identity:
        return BalancedSampler(
            images, batch_size=batch_size, images_per_identity=data.images_per_identity, seed=seed
        )
    total = int(images.sum())
    require(batch_size <= total, "batch_size", f"at most {total}, all images", batch_size)
    return None


class BatchSource:
    """Batches of one data set from any step of its endless stream.

    The stream is a pure function of (seed, position), so the step is all there is to resume.

    Args:
        directory: Folder of records.
        data: Which of them to take.
        augmentation: What they undergo.
        batch_size: Images per step, over all replicas.
        seed: Seed of order and augmentation.
        damaged_log: File that names every damaged image, with its position in the stream.

    Attributes:
        images_per_identity: Images of each identity in a batch; None for the plain shuffle.
        damaged: Damaged images among the batches taken.

    Raises:
        ArgumentError: If batches of this size cannot be made of the data.
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
        self._faults: dict[int, str] = {}  # by position, as far as the pipeline is ahead
        selection = Manifest.load(directory).select(data.min_images)
        self.num_images = selection.num_images
        self.images_per_identity = data.images_per_identity or None
        self._sampler = make_sampler(selection.images, data, batch_size, seed)
        self._stream = {
            "directory": directory,
            "seed": seed,
            "min_images": data.min_images,
            "shuffle_buffer": data.shuffle_buffer,
            "images_per_identity": self.images_per_identity,
            "global_batch_size": batch_size,
        }
        self._augmentation = augmentation
        self._position = 0
        self._iterator: Iterator[Any] | None = None

    @property
    def repeated(self) -> int:
        """Images of the batches taken that repeat another of their batch, for want of others."""
        return self._sampler.repeated(self._position // self.batch_size) if self._sampler else 0

    def seek(self, step: int) -> None:
        """Moves to the batch of `step`, a count from 0, and forgets the damaged images after it."""
        self._position = step * self.batch_size
        self._iterator = None
        if self.damaged_log.exists():
            lines = self.damaged_log.read_text(encoding="utf-8").splitlines()
            kept = [line for line in lines if int(line.split("\t")[0]) < self._position]
            with atomic_file(self.damaged_log) as path:
                path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
            self.damaged = len(kept)

    def iterator(self) -> Iterator[Any]:
        """Returns the (distributed) iterator that goes on from the current step."""
        if self._iterator is None:
            strategy = tf.distribute.get_strategy()
            dataset = strategy.distribute_datasets_from_function(
                lambda context: self._dataset(context, self._position, _note_in(self._faults))
            )
            self._iterator = iter(dataset)
        return self._iterator

    def batch_at(self, step: int) -> dict[str, np.ndarray]:
        """Returns the global batch of `step` as arrays."""
        first = step * self.batch_size
        dataset = self._dataset(tf.distribute.InputContext(), first, lambda *_: None)
        with self._explained_errors(first, first + (1 + PREFETCHED) * self.batch_size - 1):
            return {name: array.numpy() for name, array in next(iter(dataset)).items()}

    def advance(self, steps: int) -> None:
        """Notes that `steps` batches were taken, and which damaged images were among them.

        Raises:
            DataError: If more images than 1 % were damaged so far.
        """
        self._position += steps * self.batch_size
        found = sorted(place for place in list(self._faults) if place < self._position)
        if not found:
            return
        faults = [self._faults.pop(place) for place in found]
        self.damaged += len(found)
        with open(self.damaged_log, "a", encoding="utf-8") as file:
            file.writelines(f"{p}\t{fault}\n" for p, fault in zip(found, faults, strict=True))
        _LOG.warning("Skipped %d damaged images, named in %s", len(found), self.damaged_log)
        if self.damaged > MAX_DAMAGED * max(self.num_images, self._position):
            raise DataError(
                f"{self.damaged} of the first {self._position} images are damaged, more than 1 %. "
                f"They are named in {self.damaged_log}; the latest: {faults[-1]}"
            )

    def explained_errors(self, steps: int) -> contextlib.AbstractContextManager[None]:
        """Turns an error of the pipeline in the next `steps` batches into one naming the record."""
        last = self._position + (steps + PREFETCHED) * self.batch_size - 1
        return self._explained_errors(self._position, last)

    @contextlib.contextmanager
    def _explained_errors(self, first: int, last: int) -> Iterator[None]:
        try:
            yield
        except tf.errors.OpError as error:
            explanation = explain(error, first=first, last=last, **self._stream)
            if explanation is None:
                raise
            raise explanation from error

    def _dataset(
        self, context: tf.distribute.InputContext, start: int, on_damaged: OnDamaged
    ) -> tf.data.Dataset:
        return training_dataset(
            batch_size=context.get_per_replica_batch_size(self.batch_size),
            start=start,
            augmentation=self._augmentation,
            input_pipeline_id=context.input_pipeline_id,
            num_input_pipelines=context.num_input_pipelines,
            on_damaged=on_damaged,
            **self._stream,
        )


def _note_in(faults: dict[int, str]) -> OnDamaged:
    # Not a method: TensorFlow keeps the function for as long as the process lives.
    def note(position: int, filename: str, fault: str) -> None:
        faults[position] = f"Image {filename!r}: {fault}."

    return note
