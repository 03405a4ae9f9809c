"""The training pipeline: an endless stream of augmented batches.

A record's *position* is its index in the stream, counted from the start of the run. Order and
augmentation are a function of (seed, position). A resumed run therefore sees the batches that an
uninterrupted run would have seen, on any number of machines.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from facerec_tf.config import AugmentationConfig
from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data.augmentation import NUM_DRAWS, augment
from facerec_tf.data.images import check_image, decode_any, looks_whole
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.stream import balanced_stream, record_stream
from facerec_tf.data.stream_options import StreamOptions

_ONLY_MIRRORED = AugmentationConfig()

#: Function of the position, file name and fault of a damaged image.
OnDamaged = Callable[[int, str, str], None]

_LOG = logging.getLogger(__name__)


def log_damaged(position: int, filename: str, fault: str) -> None:
    """Logs a warning about a damaged image."""
    _LOG.warning("Image %r at position %d is replaced by another: %s.", filename, position, fault)


def training_dataset(
    options: StreamOptions,
    *,
    batch_size: int,
    start: int | tf.Tensor = 0,
    augmentation: AugmentationConfig = _ONLY_MIRRORED,
    input_pipeline_id: int = 0,
    num_input_pipelines: int = 1,
    on_damaged: OnDamaged = log_damaged,
) -> tf.data.Dataset:
    """Endless dataset of augmented batches, starting at position `start`.

    Each batch is a dict of `image` uint8 `[batch, height, width, 3]`, `label` int32 `[batch]` and
    `position` int64 `[batch]`. Batch k of pipeline i of n holds the positions
    `start + (k·n + i)·batch_size …`, so n pipelines together produce the batches of a single one.
    A damaged image is replaced by a copy of another image of its batch, so that batches keep their
    size and positions.

    Args:
        options: The records and their order. A `global_batch_size` of None is
            `batch_size · num_input_pipelines`.
        batch_size: Images per batch of this pipeline.
        start: First position: the number of completed steps times the global batch size. Inside a
            graph, it can be an int64 scalar, which is not checked.
        augmentation: Random changes made to the images.
        input_pipeline_id: Index of this pipeline, from 0.
        num_input_pipelines: Number of pipelines that share the stream, one per machine.
        on_damaged: Called for each damaged image before its batch is returned, from a thread of the
            pipeline.

    Raises:
        ArgumentError: If a number is out of its range.
        DataError: If the manifest is missing or damaged, or `min_images` excludes every identity.
            Balanced batches read all shards first, and raise it for a damaged shard, too.
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
    if not tf.is_tensor(start):
        require(start % together == 0, "start", f"a multiple of {together}", start)
    image_size = Manifest.load(options.directory).image_size

    if options.images_per_identity is None:
        stream = record_stream(options, start=start)
        if num_input_pipelines > 1:
            stream = stream.filter(
                lambda position, record: (
                    position // batch_size % num_input_pipelines == input_pipeline_id
                )
            )
        stream = stream.batch(batch_size, drop_remainder=True)
    else:
        global_batch_size = options.global_batch_size or together
        stream = balanced_stream(
            dataclasses.replace(options, global_batch_size=global_batch_size),
            batch_size=batch_size,
            start=start,
            input_pipeline_id=input_pipeline_id,
            num_input_pipelines=num_input_pipelines,
        )

    def finish(position: tf.Tensor, record: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        sound, images, draws = _decode_sound(record["encoded"], position, options.seed, image_size)
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
    unsharded = tf.data.Options()
    unsharded.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(2).with_options(unsharded)


def _decode_sound(
    encoded: tf.Tensor, positions: tf.Tensor, seed: int, image_size: tuple[int, int]
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Decodes the undamaged images of a batch and draws their random numbers.

    Returns:
        The indices of the undamaged images in the batch, int32 `[sound]`, ascending; their pixels,
        uint8 `[sound, height, width, 3]`, RGB; and float32 `[sound, NUM_DRAWS]`, uniform in [0, 1).
    """

    def read(
        place: tf.Tensor, encoded: tf.Tensor, position: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        draws = tf.random.stateless_uniform([NUM_DRAWS], seed=[seed, position])
        return place, tf.ensure_shape(decode_any(encoded), (*image_size, 3)), draws

    # A truncated file decodes to grey past its end; an empty one fails to decode.
    encoded = tf.where(looks_whole(encoded), encoded, "")
    images = (tf.range(tf.size(encoded)), encoded, positions)
    # A graph cannot catch an operation's error, but a dataset can skip the element that raised it.
    decoded = tf.data.Dataset.from_tensor_slices(images).map(read)
    return decoded.ignore_errors().batch(tf.size(encoded, tf.int64)).get_single_element()


def _sources(sound: tf.Tensor, batch_size: int) -> tf.Tensor:
    """Index into `sound` of the image shown at each place of the batch: its own, or another."""
    own = tf.scatter_nd(sound[:, None], tf.range(1, tf.size(sound) + 1), [batch_size])
    return tf.where(own > 0, own - 1, tf.range(batch_size) % tf.size(sound))


def _report_damaged(
    sound: tf.Tensor,
    positions: tf.Tensor,
    records: dict[str, tf.Tensor],
    image_size: tuple[int, int],
    on_damaged: OnDamaged,
) -> None:
    """Calls `on_damaged` for every place not in `sound`; an image of another size raises."""

    def report(positions: np.ndarray, filenames: np.ndarray, images: np.ndarray) -> np.bool_:
        for position, filename, image in zip(positions, filenames, images, strict=True):
            name = filename.decode()
            try:
                fault = check_image(image, image_size, f"'{name}'")
            except DataError as error:
                raise ValueError(str(error)) from None  # The graph's InvalidArgumentError.
            on_damaged(int(position), name, fault or "the image cannot be decoded")
        return np.True_

    damaged = tf.scatter_nd(sound[:, None], tf.ones_like(sound), tf.shape(positions)) == 0
    reported = (positions, records["filename"], records["encoded"])
    tf.numpy_function(report, [tf.boolean_mask(part, damaged) for part in reported], tf.bool)
