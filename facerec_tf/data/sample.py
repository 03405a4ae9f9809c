"""A fixed sample of training images, small enough to be embedded many times."""

from __future__ import annotations

import itertools
import math
import os
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import require_count
from facerec_tf.data.images import check_image, decode_any
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import parse, parse_labels, read_shard, shard_paths

_PARSED_AT_ONCE = 1024


class Sample(NamedTuple):
    """Training images without augmentation.

    Attributes:
        images: uint8 `[n, height, width, 3]`, RGB.
        labels: int32 `[n]`, ascending.
    """

    images: np.ndarray
    labels: np.ndarray


def sample_images(
    directory: str | os.PathLike,
    *,
    seed: int,
    min_images: int = 1,
    identities: int = 64,
    images: int = 8,
    records: int = 16384,
) -> Sample:
    """Samples images of some identities; equal arguments give equal samples.

    Reads the first records of every shard, about `records` in total, because shards are written in
    shuffled order. Identities with at least two images among these records are preferred. Damaged
    images are left out.

    Args:
        directory: Folder of records with its manifest.
        seed: Seed of the random choice of identities.
        min_images: Identities with fewer images in the data are left out, as in training.
        identities: Largest number of identities.
        images: Largest number of images of each identity.
        records: Number of records to read.

    Raises:
        ArgumentError: If a number is out of its range.
        DataError: If the manifest is missing or damaged, `min_images` excludes every identity, a
            record cannot be read, or an image has another size than the manifest states.
    """
    for name, count in {"identities": identities, "images": images, "records": records}.items():
        require_count(name, count)
    manifest = Manifest.load(directory)
    selection = manifest.select(min_images)
    paths = shard_paths(directory, [shard.file for shard in manifest.shards])
    quota = math.ceil(records / len(paths))
    try:
        labels = _read_labels(paths, quota)
        known = (labels >= 0) & (labels < manifest.num_classes)
        labels = np.where(known, selection.labels[np.where(known, labels, 0)], -1)
        places = _choose(labels, identities, images, np.random.default_rng(seed))
        taken = _read_places(paths, quota, places)
    except tf.errors.OpError:
        for path in paths:
            for _ in itertools.islice(read_shard(path), quota):
                pass  # To raise the error that names the record.
        raise
    sound = [
        (decode_any(encoded).numpy(), labels[place])
        for place, encoded, filename in taken
        if check_image(encoded, manifest.image_size, f"'{filename.decode()}'") is None
    ]
    return Sample(
        np.array([image for image, _ in sound], np.uint8).reshape(-1, *manifest.image_size, 3),
        np.array([label for _, label in sound], np.int32),
    )


def _choose(
    labels: np.ndarray, identities: int, images: int, generator: np.random.Generator
) -> np.ndarray:
    """Chooses identities and returns the indices of their first images, int64 `[n]`.

    Args:
        labels: int64 `[records]`, -1 for images to leave out.
        identities: Largest number of identities.
        images: Largest number of images of each identity.
        generator: Source of the random choice.
    """
    found, counts = np.unique(labels[labels >= 0], return_counts=True)
    drawn = generator.permutation(len(found))
    drawn = drawn[np.argsort(counts[drawn] < 2, kind="stable")][:identities]
    places = [np.flatnonzero(labels == label)[:images] for label in np.sort(found[drawn])]
    return np.concatenate([np.zeros(0, np.int64), *places])


def _read_labels(paths: list[str], quota: int) -> np.ndarray:
    """Labels, int64 `[records]`, of the first `quota` records of every shard."""
    blocks = _first_records(paths, quota).batch(_PARSED_AT_ONCE).map(parse_labels)
    return np.concatenate([np.zeros(0, np.int64), *blocks.as_numpy_iterator()])


def _read_places(
    paths: list[str], quota: int, places: np.ndarray
) -> list[tuple[int, bytes, bytes]]:
    """Index, encoded image and file name of the records at `places`, in that order."""
    wanted = tf.constant(places)

    def keep_wanted(place: tf.Tensor, serialized: tf.Tensor) -> tuple[tf.Tensor, ...]:
        is_wanted = tf.reduce_any(place[:, tf.newaxis] == wanted, axis=1)
        found = parse(tf.boolean_mask(serialized, is_wanted))
        return tf.boolean_mask(place, is_wanted), found["encoded"], found["filename"]

    records = _first_records(paths, quota).enumerate().batch(_PARSED_AT_ONCE)
    found = {r[0]: r for r in records.map(keep_wanted).unbatch().as_numpy_iterator()}
    return [found[place] for place in places.tolist()]


def _first_records(paths: list[str], quota: int) -> tf.data.Dataset:
    """The first `quota` records of every shard, serialized, shard after shard."""
    shards = tf.data.Dataset.from_tensor_slices(paths)
    return shards.flat_map(lambda path: tf.data.TFRecordDataset(path).take(quota))
