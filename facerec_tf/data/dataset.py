"""A folder of records as a finite dataset for `keras.Model.fit`."""

from __future__ import annotations

import dataclasses
import itertools
import math
import os
from typing import Any

import numpy as np
import tensorflow as tf

from facerec_tf.config import AugmentationConfig
from facerec_tf.core.errors import require, require_count
from facerec_tf.core.lookup import require_known
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.pipeline import training_dataset
from facerec_tf.data.stream_options import StreamOptions


def load_records(
    directory: str | os.PathLike[str],
    batch_size: int = 64,
    *,
    seed: int = 0,
    min_images: int = 1,
    images_per_identity: int | None = None,
    shuffle_buffer: int = StreamOptions.shuffle_buffer,
    drop_remainder: bool = True,
    **augmentation: Any,
) -> tf.data.Dataset:
    """Loads a folder of records as a dataset of one epoch, for `keras.Model.fit`.

    The images are shuffled and augmented as in `facerec train`. Each iteration is the next epoch,
    with another order. The same `seed` gives the same epochs in another process.

    Args:
        directory: Folder of records, written for example by `facerec make-records`.
        batch_size: Images per batch; under a strategy, over all replicas.
        seed: Seed of order and augmentation, at least 0 and below 2**32.
        min_images: Identities with fewer images are left out.
        images_per_identity: Number of images of each identity in a batch, for losses that compare
            images; by default, batches are not balanced.
        shuffle_buffer: Images held in memory to be shuffled.
        drop_remainder: Whether every batch is full. Otherwise each image occurs exactly once, and
            the last batch can be smaller, which is what `evaluate` and `validation_data` need.
        **augmentation: Fields of `AugmentationConfig`, named as the flags, such as `zoom=0.1`. By
            default images are only mirrored; `flip=False` leaves them as they are.

    Returns:
        A dataset of known cardinality of pairs: images uint8 `[batch, height, width, 3]` with RGB
        pixels 0–255, and labels int32 `[batch]`. Its attribute `class_names` contains the names of
        the identities by label.

    Raises:
        ArgumentError: If an argument is unknown or outside its domain.
        DataError: If the manifest is missing or damaged, or `min_images` excludes every identity;
            with `images_per_identity`, also if a shard is damaged.
    """
    fields = [field.name for field in dataclasses.fields(AugmentationConfig)]
    for name in augmentation:
        require_known(name, fields, "augmentation")
    config = AugmentationConfig(**augmentation)
    require_count("batch_size", batch_size)
    require_count("seed", seed, least=0)
    require(seed < 2**32, "seed", "below 2**32", seed)
    can_drop = drop_remainder or images_per_identity is None
    require(can_drop, "drop_remainder", "True for balanced batches", drop_remainder)
    options = StreamOptions(
        directory=directory,
        seed=seed,
        min_images=min_images,
        shuffle_buffer=shuffle_buffer,
        images_per_identity=images_per_identity,
        global_batch_size=batch_size,
    )
    selection = Manifest.load(directory).select(min_images)
    num_images = selection.num_images
    if drop_remainder:
        steps = max(num_images // batch_size, 1)
    else:
        steps = math.ceil(num_images / batch_size)

    # For the errors of the arguments, which the graph below would wrap.
    training_dataset(options, batch_size=batch_size, augmentation=config)

    # AutoGraph cannot convert the code that reads manifests, and does not need to.
    @tf.autograph.experimental.do_not_convert
    def one_epoch(number: tf.Tensor) -> tf.data.Dataset:
        start = number * (num_images if images_per_identity is None else steps * batch_size)
        batches = training_dataset(
            options, batch_size=batch_size, start=start, augmentation=config
        ).take(steps)
        return batches.enumerate().map(pair, num_parallel_calls=tf.data.AUTOTUNE)

    def pair(step: tf.Tensor, batch: dict[str, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        images, labels = batch["image"], batch["label"]
        if drop_remainder:
            return images, labels
        own = num_images - step * batch_size  # The rest of the last batch is of the next epoch.
        return images[:own], labels[:own]

    numbers = itertools.count()

    def next_epoch(_: tf.Tensor) -> tf.Tensor:
        number = tf.numpy_function(lambda: np.int64(next(numbers)), [], tf.int64)
        return tf.ensure_shape(number, [])

    epochs = tf.data.Dataset.range(1).map(next_epoch)
    dataset = epochs.flat_map(one_epoch).apply(tf.data.experimental.assert_cardinality(steps))
    sharding = tf.data.Options()
    # Machines share the batches, not the files, of which there may be fewer.
    sharding.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    dataset = dataset.prefetch(2).with_options(sharding)
    dataset.class_names = selection.class_names
    return dataset
