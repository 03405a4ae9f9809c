"""The endless stream of training records, and the record at each of its positions.

When N images are shuffled, position p is image p mod N in the order of epoch p div N. In balanced
batches of B images over all replicas, it is image p mod B of batch p div B.
"""

from __future__ import annotations

import functools

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError, require, require_count
from facerec_tf.data.balanced import BalancedSampler
from facerec_tf.data.index import load_index
from facerec_tf.data.manifest import Manifest, Selection
from facerec_tf.data.records import parse, shard_paths
from facerec_tf.data.stream_options import StreamOptions

#: Number of shards read in turn. A constant, because the order depends on it.
_SHARDS_AT_ONCE = 16

#: Records parsed per call.
_PARSED_AT_ONCE = 256

#: Start of the error message for an invalid label. File name, label and number of classes follow.
BAD_LABEL = "Label outside the manifest:"


def record_stream(options: StreamOptions, start: int | tf.Tensor = 0) -> tf.data.Dataset:
    """Endless dataset of (position int64, parsed record), starting at position `start`.

    Inside a graph, `start` can be an int64 scalar, which is not checked.
    Labels count the identities kept by `min_images`; see `records.parse` for the other features.
    Errors are those of `training_dataset`. Balanced batches need a `global_batch_size` here.
    """
    if options.images_per_identity is not None:
        return balanced_stream(options, batch_size=1, start=start).unbatch()
    if not tf.is_tensor(start):
        require_count("start", start, least=0)
    seed, shuffle_buffer = options.seed, options.shuffle_buffer
    manifest = Manifest.load(options.directory)
    selection = manifest.select(options.min_images)
    paths = shard_paths(options.directory, [shard.file for shard in manifest.shards])
    first_epoch, skipped = start // selection.num_images, start % selection.num_images

    def epoch_records(epoch: tf.Tensor) -> tf.data.Dataset:
        # tf.data mixes the graph's seed into that of the shuffle. Pin it, so that a call of
        # tf.random.set_seed elsewhere does not change the order. It affects this graph only.
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
        # In batches: one call per record costs more than parsing it.
        records = records.batch(_PARSED_AT_ONCE).map(
            lambda serialized: _keep_known(parse(serialized), selection),
            num_parallel_calls=tf.data.AUTOTUNE,
            deterministic=True,
        )
        records = records.unbatch()
        records = records.shuffle(shuffle_buffer, seed=shuffle_seed, reshuffle_each_iteration=False)
        return records.skip(tf.where(epoch == first_epoch, tf.cast(skipped, tf.int64), 0))

    return tf.data.Dataset.counter(first_epoch).flat_map(epoch_records).enumerate(start)


def balanced_stream(
    options: StreamOptions,
    *,
    batch_size: int,
    start: int | tf.Tensor = 0,
    input_pipeline_id: int = 0,
    num_input_pipelines: int = 1,
) -> tf.data.Dataset:
    """Endless dataset of balanced batches of (position int64, parsed records).

    Reads all shards first to build their index. `options` must set `images_per_identity` and
    `global_batch_size`; the other arguments and the errors are those of `training_dataset`.
    """
    global_batch_size, images_per_identity = options.global_batch_size, options.images_per_identity
    if global_batch_size is None or images_per_identity is None:
        raise ArgumentError(
            "Arguments 'images_per_identity' and 'global_batch_size' must be integers for balanced "
            f"batches. Received: {images_per_identity=}, {global_batch_size=}"
        )
    require_count("global_batch_size", global_batch_size)
    together = batch_size * num_input_pipelines
    is_multiple = global_batch_size % together == 0
    require(is_multiple, "global_batch_size", f"a multiple of {together}", global_batch_size)
    if not tf.is_tensor(start):
        require_count("start", start, least=0)
    selection = Manifest.load(options.directory).select(options.min_images)
    sampler = BalancedSampler(
        selection.images,
        batch_size=global_batch_size,
        images_per_identity=images_per_identity,
        seed=options.seed,
    )
    index = load_index(options.directory)
    first_of = index.first[selection.labels >= 0]
    # Replicas request parts of the same batch one after the other.
    batch = functools.lru_cache(maxsize=8)(sampler.batch)

    def read(position: np.int64) -> np.ndarray:
        number, begin = divmod(int(position), global_batch_size)
        identities, images = batch(number)
        places = (first_of[identities, None] + images).ravel()
        return index.read(places[begin : begin + batch_size])

    def read_batch(number: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        first = start + (number * num_input_pipelines + input_pipeline_id) * batch_size
        serialized = tf.numpy_function(read, [first], tf.string)
        records = _keep_known(parse(tf.ensure_shape(serialized, [None])), selection)
        records = {name: tf.ensure_shape(part, [batch_size]) for name, part in records.items()}
        return first + tf.range(batch_size, dtype=tf.int64), records

    return tf.data.Dataset.counter().map(
        read_batch, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )


def _keep_known(records: dict[str, tf.Tensor], selection: Selection) -> dict[str, tf.Tensor]:
    """The records of the identities kept, with labels that count only those."""
    label = records["label"]
    known = (label >= 0) & (label < len(selection.labels))
    first = tf.argmin(tf.cast(known, tf.int32))
    data = [BAD_LABEL, records["filename"][first], label[first], len(selection.labels)]
    # Without this order the gather may fail first, with a message that names no record.
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(known), data)]):
        label = tf.gather(tf.constant(selection.labels), label)
    records = {**records, "label": label}
    return {name: tf.boolean_mask(values, label >= 0) for name, values in records.items()}
