"""The training pipeline: an endless stream whose order and augmentation (seed, position) determine.

A record's *position* counts records from the run's beginning; `stream` says which record stands
there. A run resumed at any position therefore sees what a run never stopped would have seen, on any
number of machines.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from facerec_tf.config import AugmentationConfig
from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data.augmentation import NUM_DRAWS, augment
from facerec_tf.data.images import check_image, decode_any, looks_whole
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.stream import balanced_stream, record_stream

_ONLY_MIRRORED = AugmentationConfig()

#: Takes the position, file name and fault of a damaged image.
OnDamaged = Callable[[int, str, str], None]

_LOG = logging.getLogger(__name__)


def log_damaged(position: int, filename: str, fault: str) -> None:
    """Warns of a damaged image."""
    _LOG.warning("Image %r at position %d is replaced by another: %s.", filename, position, fault)


def training_dataset(
    directory: str | os.PathLike,
    *,
    batch_size: int,
    seed: int,
    start: int = 0,
    min_images: int = 1,
    augmentation: AugmentationConfig = _ONLY_MIRRORED,
    shuffle_buffer: int = 16384,
    images_per_identity: int | None = None,
    global_batch_size: int | None = None,
    input_pipeline_id: int = 0,
    num_input_pipelines: int = 1,
    on_damaged: OnDamaged = log_damaged,
) -> tf.data.Dataset:
    """Returns the endless stream of augmented batches from position `start` on.

    Each batch is a dict of `image` uint8 `[batch, height, width, 3]`, `label` int32 `[batch]` and
    `position` int64 `[batch]`. Batch k of pipeline i of n holds the positions
    `start + (k·n + i)·batch_size …`: n pipelines see together what one sees at the same global
    batch. A damaged image is replaced by a copy of another of its batch, so that batches keep their
    size and their places.

    Args:
        directory: Folder of records with its manifest.
        batch_size: Images in a batch of this pipeline.
        seed: Of order and augmentation.
        start: Position to begin at, a multiple of the global batch: the number of steps done times
            the global batch.
        min_images: Identities with fewer images are left out.
        augmentation: What the images undergo.
        shuffle_buffer: Records held in memory to be shuffled; nothing to balanced batches.
        images_per_identity: Makes the global batches balanced: this many images of each identity in
            them, next to each other; see `BalancedSampler`. By default all records are shuffled.
        global_batch_size: Images of a step over all replicas and pipelines, if that is more than
            `batch_size` times the pipelines; only balanced batches depend on it.
        input_pipeline_id: Which of the pipelines this is, from 0.
        num_input_pipelines: Pipelines that share the stream, one a machine.
        on_damaged: Called for each damaged image, from a thread of the pipeline, before its batch
            comes out.

    Raises:
        ArgumentError: If a number is out of its range.
        DataError: If the manifest is missing or damaged, or `min_images` leaves no one; for
            balanced batches, also if a shard is, since all are read first.
    """
    require_count("batch_size", batch_size)
    require_count("num_input_pipelines", num_input_pipelines)
    require(
        0 <= input_pipeline_id < num_input_pipelines,
        "input_pipeline_id",
        f"between 0 and {num_input_pipelines - 1}",
        input_pipeline_id,
    )
    together = batch_size * num_input_pipelines
    require(start % together == 0, "start", f"a multiple of {together}", start)
    image_size = Manifest.load(directory).image_size

    if images_per_identity is None:
        stream = record_stream(
            directory, seed=seed, start=start, min_images=min_images, shuffle_buffer=shuffle_buffer
        )
        if num_input_pipelines > 1:
            stream = stream.filter(
                lambda position, record: (
                    position // batch_size % num_input_pipelines == input_pipeline_id
                )
            )
        stream = stream.batch(batch_size, drop_remainder=True)
    else:
        stream = balanced_stream(
            directory,
            batch_size=batch_size,
            seed=seed,
            start=start,
            min_images=min_images,
            images_per_identity=images_per_identity,
            global_batch_size=global_batch_size or together,
            input_pipeline_id=input_pipeline_id,
            num_input_pipelines=num_input_pipelines,
        )

    def finish(position: tf.Tensor, record: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        sound, images, draws = _decode_sound(record["encoded"], position, seed, image_size)
        images, labels = augment(images, draws, augmentation), record["label"]

        def mend() -> tuple[tf.Tensor, tf.Tensor]:
            _report_damaged(sound, position, record, image_size, on_damaged)
            source = _sources(sound, batch_size)
            return tf.gather(images, source), tf.gather(labels, tf.gather(sound, source))

        whole = tf.size(sound) == batch_size
        images, labels = tf.cond(whole, lambda: (images, labels), mend)
        return {
            "image": tf.ensure_shape(images, (batch_size, *image_size, 3)),
            "label": tf.cast(labels, tf.int32),
            "position": position,
        }

    dataset = stream.map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(2).with_options(options)


def _decode_sound(
    encoded: tf.Tensor, positions: tf.Tensor, seed: int, image_size: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decodes those images of a batch that are sound, and draws their random numbers.

    Returns:
        The places of the sound images in the batch, int32 `[sound]`, ascending; their pixels, uint8
        `[sound, height, width, 3]`, RGB; and float32 `[sound, NUM_DRAWS]`, uniform in [0, 1).
    """

    def read(
        place: tf.Tensor, encoded: tf.Tensor, position: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        draws = tf.random.stateless_uniform([NUM_DRAWS], seed=[seed, position])
        return place, tf.ensure_shape(decode_any(encoded), (*image_size, 3)), draws

    # Truncated files decode, to grey where they end; emptied, they do not.
    encoded = tf.where(looks_whole(encoded), encoded, "")
    images = (tf.range(tf.size(encoded)), encoded, positions)
    # A graph cannot catch an operation's error, but a data set can leave out what raised it.
    decoded = tf.data.Dataset.from_tensor_slices(images).map(read)
    return decoded.ignore_errors().batch(tf.size(encoded, tf.int64)).get_single_element()


def _sources(sound: tf.Tensor, batch_size: int) -> tf.Tensor:
    """Returns which of the `sound` images each place of the batch shows: its own, or another."""
    own = tf.scatter_nd(sound[:, None], tf.range(1, tf.size(sound) + 1), [batch_size])
    return tf.where(own > 0, own - 1, tf.range(batch_size) % tf.size(sound))


def _report_damaged(
    sound: tf.Tensor,
    positions: tf.Tensor,
    records: dict[str, tf.Tensor],
    image_size: tuple[int, int],
    on_damaged: OnDamaged,
) -> None:
    """Calls `on_damaged` for every place that is not `sound`; an image of another size raises."""

    def report(positions: np.ndarray, filenames: np.ndarray, images: np.ndarray) -> np.bool_:
        for position, filename, image in zip(positions, filenames, images, strict=True):
            name = filename.decode()
            try:
                fault = check_image(image, image_size, f"'{name}'")
            except DataError as error:
                raise ValueError(str(error)) from None  # The graph's InvalidArgumentError.
            on_damaged(int(position), name, fault)
        return np.True_

    damaged = tf.scatter_nd(sound[:, None], tf.ones_like(sound), tf.shape(positions)) == 0
    told = (positions, records["filename"], records["encoded"])
    tf.numpy_function(report, [tf.boolean_mask(part, damaged) for part in told], tf.bool)
