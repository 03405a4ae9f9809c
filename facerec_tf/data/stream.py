"""Which record stands at which position of the endless stream.

In the plain shuffle of N images, position p is image p mod N in the order of epoch p div N. In
balanced batches, B images over all replicas, it is image p mod B of batch p div B.
"""

from __future__ import annotations

import functools
import os

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import require, require_count
from facerec_tf.data.balanced import BalancedSampler
from facerec_tf.data.index import load_index
from facerec_tf.data.manifest import Manifest, Selection
from facerec_tf.data.records import parse, shard_paths

#: Records are read from this many shards in turn; a constant, since the order depends on it.
_SHARDS_AT_ONCE = 16

#: Records parsed in one call.
_PARSED_AT_ONCE = 256

#: First words of the error for a bad label; file name, label and number of classes follow.
BAD_LABEL = "Label outside the manifest:"


def record_stream(
    directory: str | os.PathLike,
    *,
    seed: int,
    start: int = 0,
    min_images: int = 1,
    shuffle_buffer: int = 16384,
    images_per_identity: int | None = None,
    global_batch_size: int | None = None,
) -> tf.data.Dataset:
    """Returns the endless stream of (position int64, parsed record) from position `start` on.

    Labels are those of the identities kept; see `records.parse` for the rest. Arguments and errors
    are those of `training_dataset`, but that balanced batches need `global_batch_size` here.
    """
    if images_per_identity is not None:
        return balanced_stream(
            directory,
            batch_size=1,
            seed=seed,
            start=start,
            min_images=min_images,
            images_per_identity=images_per_identity,
            global_batch_size=global_batch_size,
        ).unbatch()
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


def balanced_stream(
    directory: str | os.PathLike,
    *,
    batch_size: int,
    seed: int,
    images_per_identity: int,
    global_batch_size: int,
    start: int = 0,
    min_images: int = 1,
    input_pipeline_id: int = 0,
    num_input_pipelines: int = 1,
) -> tf.data.Dataset:
    """Returns the endless stream of balanced batches of (position int64, parsed records).

    Arguments and errors are those of `training_dataset`; reads all shards first, for their index.
    """
    require_count("global_batch_size", global_batch_size)
    together = batch_size * num_input_pipelines
    is_multiple = global_batch_size % together == 0
    require(is_multiple, "global_batch_size", f"a multiple of {together}", global_batch_size)
    require_count("start", start, least=0)
    selection = Manifest.load(directory).select(min_images)
    sampler = BalancedSampler(
        selection.images,
        batch_size=global_batch_size,
        images_per_identity=images_per_identity,
        seed=seed,
    )
    index = load_index(directory)
    first_of = index.first[selection.labels >= 0]
    # Replicas ask for parts of the same batch one after the other.
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
