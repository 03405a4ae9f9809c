"""The record schema: how one image is written to, and read from, a TFRecord."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from google.protobuf.message import DecodeError

from facerec_tf.core.errors import DataError

ENCODED = "image/encoded"
LABEL = "image/class/label"
TEXT = "image/class/text"
FILENAME = "image/filename"


class Record(NamedTuple):
    """One image and whom it shows.

    Attributes:
        encoded: JPEG or PNG bytes.
        label: Number of the identity, from 0.
        text: Name of the identity.
        filename: Where the image came from; unique within a pair set.
    """

    encoded: bytes
    label: int
    text: str
    filename: str


def serialize(record: Record) -> bytes:
    """Returns `record` as a serialized `tf.train.Example`."""
    return tf.train.Example(
        features=tf.train.Features(
            feature={
                ENCODED: _bytes_feature(record.encoded),
                LABEL: tf.train.Feature(int64_list=tf.train.Int64List(value=[record.label])),
                TEXT: _bytes_feature(record.text.encode()),
                FILENAME: _bytes_feature(record.filename.encode()),
            }
        )
    ).SerializeToString()


def parse(serialized: tf.Tensor) -> dict[str, tf.Tensor]:
    """Parses one record, or many at once, inside a graph.

    Args:
        serialized: string scalar or `[records]`.

    Returns:
        `encoded` string, `label` int64, `filename` string, each of the shape of `serialized`.
    """
    example = tf.io.parse_example(
        serialized,
        {
            ENCODED: tf.io.FixedLenFeature([], tf.string),
            LABEL: tf.io.FixedLenFeature([], tf.int64),
            FILENAME: tf.io.FixedLenFeature([], tf.string),
        },
    )
    return {
        "encoded": example[ENCODED],
        "label": example[LABEL],
        "filename": example[FILENAME],
    }


def parse_labels(serialized: tf.Tensor) -> tf.Tensor:
    """Parses the labels alone of many records, string `[records]`: int64 `[records]`."""
    return tf.io.parse_example(serialized, {LABEL: tf.io.FixedLenFeature([], tf.int64)})[LABEL]


def deserialize(serialized: bytes) -> Record:
    """Parses one record outside a graph.

    Raises:
        DataError: If the bytes are no `tf.train.Example` or a feature is missing.
    """
    try:
        features = tf.train.Example.FromString(serialized).features.feature
        return Record(
            features[ENCODED].bytes_list.value[0],
            features[LABEL].int64_list.value[0],
            features[TEXT].bytes_list.value[0].decode(),
            features[FILENAME].bytes_list.value[0].decode(),
        )
    except (DecodeError, UnicodeDecodeError):
        raise DataError("it is no tf.train.Example in UTF-8") from None
    except IndexError:
        wanted = ", ".join((ENCODED, LABEL, TEXT, FILENAME))
        raise DataError(f"it lacks one of the features {wanted}") from None


def read_shard(path: str | os.PathLike) -> Iterator[Record]:
    """Yields the records of the shard at `path`, in order.

    Raises:
        DataError: If the shard is missing or a record in it is damaged; names both.
    """
    index = 0
    try:
        for serialized in tf.data.TFRecordDataset(os.fspath(path)).as_numpy_iterator():
            yield deserialize(serialized)
            index += 1
    except DataError as error:
        raise DataError(f"Record {index} of '{path}' cannot be read: {error}.") from None
    except tf.errors.NotFoundError:
        raise DataError(f"Shard '{path}' is missing.") from None
    except tf.errors.DataLossError:
        raise DataError(
            f"Record {index} of '{path}' is corrupt: its checksum does not match, or the file is "
            "cut short. Copy the shard again or write the records anew."
        ) from None


def shard_name(name: str, index: int, count: int) -> str:
    """Returns the file name of shard `index` of `count`, as `train-00000-of-00016.tfrecord`."""
    return f"{name}-{index:05d}-of-{count:05d}.tfrecord"


def shard_paths(directory: str | os.PathLike, files: list[str]) -> list[str]:
    """Returns the paths of shard `files` in `directory`, as TensorFlow takes them."""
    return [os.fspath(Path(directory) / file) for file in files]


def _bytes_feature(value: bytes) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
