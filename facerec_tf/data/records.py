"""The record schema: one image and its identity as a `tf.train.Example`."""

from __future__ import annotations

import operator
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

_READ_AT_ONCE = 64


class Record(NamedTuple):
    """One image and its identity.

    Attributes:
        encoded: JPEG or PNG bytes.
        label: Number of the identity, starting at 0.
        text: Name of the identity.
        filename: Name of the image; unique within a pair set.
    """

    encoded: bytes
    label: int
    text: str
    filename: str


def serialize(record: Record) -> bytes:
    """Returns `record` as a serialized `tf.train.Example`, the same bytes in every process.

    Writes the wire format of Protocol Buffers like protobuf's deterministic mode, but in a third of
    the time.
    """
    label = _delimited(_VALUE, _varint(record.label))
    entries = (
        _entry(_LABEL_KEY, _INT64_LIST, label),
        _entry(_TEXT_KEY, _BYTES_LIST, _delimited(_VALUE, record.text.encode())),
        _entry(_ENCODED_KEY, _BYTES_LIST, _delimited(_VALUE, record.encoded)),
        _entry(_FILENAME_KEY, _BYTES_LIST, _delimited(_VALUE, record.filename.encode())),
    )
    return _delimited(_FEATURES, b"".join(entries))


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
    """Parses only the labels of many records, string `[records]` → int64 `[records]`."""
    return tf.io.parse_example(serialized, {LABEL: tf.io.FixedLenFeature([], tf.int64)})[LABEL]


def deserialize(serialized: bytes) -> Record:
    """Parses one record outside a graph.

    Raises:
        DataError: If the bytes are not a `tf.train.Example` or a feature is missing.
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
        raise DataError("it is not a tf.train.Example in UTF-8") from None
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
        for serialized in _read_serialized(path):
            yield deserialize(serialized)
            index += 1
    except DataError as error:
        raise DataError(f"Record {index} of '{path}' cannot be read: {error}.") from None
    except tf.errors.NotFoundError:
        raise DataError(f"Shard '{path}' is missing.") from None
    except tf.errors.DataLossError:
        raise DataError(
            f"Record {index} of '{path}' is corrupt: its checksum does not match, or the file is "
            "incomplete. Copy the shard again, or write the records again."
        ) from None
    except tf.errors.OpError as error:
        raise DataError(f"Cannot read shard '{path}': {error.message}.") from None


def _read_serialized(path: str | os.PathLike) -> Iterator[bytes]:
    """Yields all records before the first corrupt one, then raises `tf.errors.DataLossError`."""
    records = tf.data.TFRecordDataset(os.fspath(path))
    read = 0
    try:
        # Reading them one by one takes TensorFlow ten times as long.
        for batch in records.batch(_READ_AT_ONCE).as_numpy_iterator():
            yield from batch
            read += len(batch)
    except tf.errors.DataLossError:
        yield from records.skip(read).as_numpy_iterator()


def shard_name(name: str, index: int, count: int) -> str:
    """Returns the file name of shard `index` of `count`, `train-00000-of-00016.tfrecord`."""
    return f"{name}-{index:05d}-of-{count:05d}.tfrecord"


def shard_paths(directory: str | os.PathLike, files: list[str]) -> list[str]:
    """Returns the paths of shard `files` in `directory`, as TensorFlow takes them."""
    return [os.fspath(Path(directory) / file) for file in files]


def _entry(key: bytes, kind: bytes, values: bytes) -> bytes:
    """Returns one entry of the map of features: a key, and a list of one value."""
    return _delimited(_ENTRY, key + _delimited(_ENTRY_VALUE, _delimited(kind, values)))


def _delimited(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Returns a number in Protocol Buffers' encoding: 7 bits per byte, negatives as 64 bits."""
    if 0 <= number < 128:
        return bytes((number,))
    number = operator.index(number) & (1 << 64) - 1
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)


# Tags of tensorflow/core/example/*.proto: number of the field, and 2 for length-delimited content.
_FEATURES = _ENTRY = _BYTES_LIST = _VALUE = bytes((1 << 3 | 2,))
_ENTRY_VALUE = bytes((2 << 3 | 2,))
_INT64_LIST = bytes((3 << 3 | 2,))
_LABEL_KEY, _TEXT_KEY, _ENCODED_KEY, _FILENAME_KEY = (
    _delimited(_ENTRY, name.encode()) for name in (LABEL, TEXT, ENCODED, FILENAME)
)
