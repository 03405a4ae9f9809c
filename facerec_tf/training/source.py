"""Source: the training batches of a run, and where in their stream it stands."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from facerec_tf.config import AugmentationConfig, DataConfig
from facerec_tf.core.errors import DataError
from facerec_tf.data import Manifest, explain, name_bad_records, training_dataset

#: Share of undecodable images above which a run stops.
MAX_DAMAGED = 0.01

#: Batches the pipeline may be ahead when it stumbles.
PREFETCHED = 8

_LOG = logging.getLogger(__name__)


class Source:
    """Batches of one data set from any step of its endless stream.

    The stream is a pure function of (seed, position), so the step is all there is to resume.

    Args:
        directory: Folder of records.
        data: Which of them to take.
        augmentation: What they undergo.
        batch_size: Images per step, over all replicas.
        seed: Seed of order and augmentation.
        damaged_log: File that names every image that could not be decoded.
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
        self.num_images = Manifest.load(directory).select(data.min_images).num_images
        self._stream = {
            "directory": directory,
            "seed": seed,
            "min_images": data.min_images,
            "shuffle_buffer": data.shuffle_buffer,
        }
        self._augmentation = augmentation
        self._position = 0
        self._iterator: Iterator[Any] | None = None

    def seek(self, step: int) -> None:
        """Moves to the batch of `step`, a count from 0."""
        self._position = step * self.batch_size
        self._iterator = None

    def iterator(self) -> Iterator[Any]:
        """Returns the (distributed) iterator that goes on from the current step."""
        if self._iterator is None:
            strategy = tf.distribute.get_strategy()
            dataset = strategy.distribute_datasets_from_function(
                lambda context: self._dataset(context, self._position)
            )
            self._iterator = iter(dataset)
        return self._iterator

    def batch_at(self, step: int) -> dict[str, np.ndarray]:
        """Returns the global batch of `step` as arrays."""
        dataset = self._dataset(tf.distribute.InputContext(), step * self.batch_size)
        return {name: array.numpy() for name, array in next(iter(dataset)).items()}

    def advance(self, steps: int, damaged: int) -> None:
        """Notes that `steps` batches were taken, with `damaged` undecodable images among them.

        Raises:
            DataError: If more images than 1 % were damaged so far.
        """
        first, self._position = self._position, self._position + steps * self.batch_size
        if not damaged:
            return
        self.damaged += damaged
        names = name_bad_records(first=first, last=self._position - 1, **self._stream)
        with open(self.damaged_log, "a", encoding="utf-8") as file:
            file.writelines(f"{name}\n" for name in names)
        _LOG.warning("Skipped %d undecodable images, named in %s", damaged, self.damaged_log)
        if self.damaged > MAX_DAMAGED * max(self.num_images, self._position):
            raise DataError(
                f"{self.damaged} of the first {self._position} images cannot be decoded, more "
                f"than 1 %. They are named in {self.damaged_log}; the latest: {names[-1]}"
            )

    @contextlib.contextmanager
    def explained_errors(self, steps: int) -> Iterator[None]:
        """Turns an error of the pipeline in the next `steps` batches into one naming the record."""
        try:
            yield
        except tf.errors.OpError as error:
            last = self._position + (steps + PREFETCHED) * self.batch_size - 1
            explanation = explain(error, first=self._position, last=last, **self._stream)
            if explanation is None:
                raise
            raise explanation from error

    def _dataset(self, context: tf.distribute.InputContext, start: int) -> tf.data.Dataset:
        return training_dataset(
            batch_size=context.get_per_replica_batch_size(self.batch_size),
            start=start,
            augmentation=self._augmentation,
            input_pipeline_id=context.input_pipeline_id,
            num_input_pipelines=context.num_input_pipelines,
            **self._stream,
        )
