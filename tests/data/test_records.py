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


def test_shard_name():
    assert shard_name("train", 0, 16) == "train-00000-of-00016.tfrecord"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "lacks one of the features"), (b"no example", "no tf.train.Example")],
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


def test_missing_shard_is_named(tmp_path):
    with pytest.raises(DataError, match=r"'.*none.tfrecord' is missing"):
        list(read_shard(tmp_path / "none.tfrecord"))
