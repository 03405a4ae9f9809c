import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data.records import Record, deserialize, parse, read_shard, serialize, shard_name

RECORD = Record(b"\xff\xd8 jpeg \xff\xd9", 7, "Zoë", "Zoë/1.jpg")


def test_write_and_parse_agree():
    assert deserialize(serialize(RECORD)) == RECORD
    parsed = parse(tf.constant(serialize(RECORD)))
    assert parsed["encoded"].numpy() == RECORD.encoded
    assert parsed["label"].numpy() == 7
    assert parsed["filename"].numpy().decode() == "Zoë/1.jpg"


def test_features_have_the_names_of_the_schema():
    example = tf.train.Example.FromString(serialize(RECORD))
    expected = {"image/encoded", "image/class/label", "image/class/text", "image/filename"}
    assert set(example.features.feature) == expected


def example_of(record):
    values = {
        "image/encoded": [record.encoded],
        "image/class/text": [record.text.encode()],
        "image/filename": [record.filename.encode()],
    }
    features = {
        name: tf.train.Feature(bytes_list=tf.train.BytesList(value=value))
        for name, value in values.items()
    }
    label = tf.train.Int64List(value=[record.label])
    features["image/class/label"] = tf.train.Feature(int64_list=label)
    return tf.train.Example(features=tf.train.Features(feature=features))


@pytest.mark.parametrize("label", [0, 1, 127, 128, 16383, 16384, 2**31, 2**63 - 1, -1, -(2**63)])
@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 20_000, 3_000_000])
def test_bytes_are_those_of_protobuf(label, size):
    record = Record(bytes(range(256)) * (size // 256) + bytes(size % 256), label, "日本" * 40, "")
    assert serialize(record) == example_of(record).SerializeToString(deterministic=True)


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint64])
def test_labels_of_numpy(kind):
    for label in (5, 300, 70_000):
        assert serialize(RECORD._replace(label=kind(label))) == serialize(
            RECORD._replace(label=label)
        )


def test_shard_name():
    assert shard_name("train", 0, 16) == "train-00000-of-00016.tfrecord"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "lacks one of the features"), (b"no example", "not a tf.train.Example")],
)
def test_damaged_record_is_named(tmp_path, content, words):
    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(serialize(RECORD))
        writer.write(content)
    with pytest.raises(DataError, match=rf"Record 1 of '.*x.tfrecord'.*{words}"):
        list(read_shard(path))


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-5], lambda data: data[:-9] + b"?" + data[-8:]]
)
def test_corrupt_shard_is_named(tmp_path, damage):
    path = tmp_path / "x.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        writer.write(serialize(RECORD))
        writer.write(serialize(RECORD))
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"Record 1 of '.*x.tfrecord' is corrupt"):
        list(read_shard(path))


def test_what_precedes_a_corrupt_record_is_read(tmp_path):
    path = tmp_path / "x.tfrecord"
    records = [RECORD._replace(label=label) for label in range(200)]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(serialize(record))
    assert list(read_shard(path)) == records
    content = bytearray(path.read_bytes())
    content[len(content) * 3 // 4] ^= 255
    path.write_bytes(content)
    found = []
    with pytest.raises(DataError, match=r"Record 15\d of '.*x.tfrecord' is corrupt"):
        found.extend(iter_into(found, read_shard(path)))
    assert found == records[: len(found)]
    assert 140 < len(found) < 160


def iter_into(found, items):
    for item in items:
        found.append(item)
    return []


def test_missing_shard_is_named(tmp_path):
    with pytest.raises(DataError, match=r"'.*none.tfrecord' is missing"):
        list(read_shard(tmp_path / "none.tfrecord"))
