"""The training pipeline: an endless stream whose order and augmentation (seed, position) determine.

A record's *position* counts records from the run's beginning: with N images, position p is image
p mod N in the order of epoch p div N. A run resumed at any position therefore sees what a run never
stopped would have seen, on any number of machines.
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
from facerec_tf.data.manifest import Manifest, Selection
from facerec_tf.data.records import parse, shard_paths

_ONLY_MIRRORED = AugmentationConfig()

#: Records are read from this many shards in turn; a constant, since the order depends on it.
_SHARDS_AT_ONCE = 16

#: Records parsed in one call.
_PARSED_AT_ONCE = 256

#: First words of the error for a bad label; file name, label and number of classes follow.
BAD_LABEL = "Label outside the manifest:"

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
        shuffle_buffer: Records held in memory to be shuffled.
        input_pipeline_id: Which of the pipelines this is, from 0.
        num_input_pipelines: Pipelines that share the stream, one a machine.
        on_damaged: Called for each damaged image, from a thread of the pipeline, before its batch
            comes out.

    Raises:
        ArgumentError: If a number is out of its range.
        DataError: If the manifest is missing or damaged, or `min_images` leaves no one.
    """
    require_count("batch_size", batch_size)
    require_count("num_input_pipelines", num_input_pipelines)
    require(
        0 <= input_pipeline_id < num_input_pipelines,
        "input_pipeline_id",
        f"between 0 and {num_input_pipelines - 1}",
        input_pipeline_id,
    )
    global_batch = batch_size * num_input_pipelines
    require(start % global_batch == 0, "start", f"a multiple of {global_batch}", start)
    image_size = Manifest.load(directory).image_size

    stream = record_stream(
        directory, seed=seed, start=start, min_images=min_images, shuffle_buffer=shuffle_buffer
    )
    if num_input_pipelines > 1:
        stream = stream.filter(
            lambda position, record: (
                position // batch_size % num_input_pipelines == input_pipeline_id
            )
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

    dataset = stream.batch(batch_size, drop_remainder=True)
    dataset = dataset.map(finish, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.prefetch(2).with_options(options)


def record_stream(
    directory: str | os.PathLike,
    *,
    seed: int,
    start: int = 0,
    min_images: int = 1,
    shuffle_buffer: int = 16384,
) -> tf.data.Dataset:
    """Returns the endless stream of (position int64, parsed record) from position `start` on.

    Labels are those of the identities kept; see `records.parse` for the rest. Arguments and errors
    are those of `training_dataset`.
    """
    require_count("shuffle_buffer", shuffle_buffer)
    require_count("start", start, least=0)
    manifest = Manifest.load(directory)
    selection = manifest.select(min_images)
    paths = shard_paths(directory, [shard.file for shard in manifest.shards])
    first_epoch, skipped = divmod(start, selection.num_images)

    def epoch_records(epoch: tf.Tensor) -> tf.data.Dataset:
        # tf.data mixes the graph's seed into the shuffle's: pinned, so that no one else's
        # tf.random.set_seed changes the order. Inside a graph this call reaches only that graph.
        tf.random.set_seed(1)
        shuffle_seed = tf.random.stateless_uniform(
            [], seed=[seed, epoch], minval=None, maxval=None, dtype=tf.int64
        )
        shards = tf.random.experimental.stateless_shuffle(tf.constant(paths), seed=[seed, epoch])
        records = tf.data.Dataset.from_tensor_slices(shards).interleave(
            tf.data.TFRecordDataset,
            cycle_length=_SHARDS_AT_ONCE,
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        # Many at once: a call per record costs more than what it does.
        records = records.batch(_PARSED_AT_ONCE).map(
            lambda serialized: _keep_known(parse(serialized), selection),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        records = records.unbatch()
        records = records.shuffle(shuffle_buffer, seed=shuffle_seed, reshuffle_each_iteration=False)
        return records.skip(tf.where(epoch == first_epoch, tf.cast(skipped, tf.int64), 0))

    return tf.data.Dataset.counter(first_epoch).flat_map(epoch_records).enumerate(start)


def _keep_known(records: dict[str, tf.Tensor], selection: Selection) -> dict[str, tf.Tensor]:
    """Returns the records of the identities kept, with their labels among those."""
    label = records["label"]
    known = (label >= 0) & (label < len(selection.labels))
    first = tf.argmin(tf.cast(known, tf.int32))
    data = [BAD_LABEL, records["filename"][first], label[first], len(selection.labels)]
    # Otherwise the gather may be the first to fail, with a message that names nothing.
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(known), data)]):
        label = tf.gather(tf.constant(selection.labels), label)
    records = {**records, "label": label}
    return {name: tf.boolean_mask(values, label >= 0) for name, values in records.items()}


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
