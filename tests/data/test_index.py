"""The index against the records read in order, and against every kind of damage."""

import json

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data.index import load_index
from facerec_tf.data.records import deserialize
from tests.data.conftest import uneven

SHARD = "train-00001-of-00003.tfrecord"


def serialized(directory):
    """All records, shard after shard."""
    paths = sorted(str(path) for path in directory.glob("*.tfrecord"))
    return [s for path in paths for s in tf.data.TFRecordDataset(path).as_numpy_iterator()]


def edit_manifest(directory, change):
    path = directory / "manifest.json"
    fields = json.loads(path.read_text())
    change(fields)
    path.write_text(json.dumps(fields))


def rewrite_shard(directory, change):
    path = directory / SHARD
    records = list(tf.data.TFRecordDataset(str(path)).as_numpy_iterator())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in change(records):
            writer.write(record)


def test_reads_every_record_at_its_place(write):
    directory = write(uneven)
    index = load_index(directory)
    expected = sorted(serialized(directory), key=lambda s: deserialize(s).label)  # Stable.
    np.testing.assert_array_equal(index.first, [0, 10, 13, 14])
    assert list(index.read(np.arange(24))) == expected


def test_reads_in_any_order_and_again(records_dir):
    index = load_index(records_dir)
    expected = sorted(serialized(records_dir), key=lambda s: deserialize(s).label)
    places = np.array([39, 0, 17, 17, 5, 39, 21])
    assert list(index.read(places)) == [expected[place] for place in places]


def test_takes_few_bytes_a_record(records_dir):
    index = load_index(records_dir)
    assert sum(a.nbytes for a in (index.shard, index.offset, index.length)) == 13 * 40


def test_is_built_once_and_again_when_a_file_changed(records_dir):
    index = load_index(records_dir)
    assert load_index(records_dir) is index
    rewrite_shard(records_dir, lambda records: records[::-1])
    changed = load_index(records_dir)
    assert changed is not index
    expected = sorted(serialized(records_dir), key=lambda s: deserialize(s).label)
    assert list(changed.read(np.arange(40))) == expected


def test_names_a_missing_shard(records_dir):
    (records_dir / SHARD).unlink()
    with pytest.raises(DataError, match=f"Shard '.*{SHARD}' is missing"):
        load_index(records_dir)


def test_names_a_corrupt_record(records_dir):
    path = records_dir / SHARD
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"Record 6 of '.*{SHARD}' is corrupt"):
        load_index(records_dir)


def test_names_a_shard_cut_short(records_dir):
    path = records_dir / SHARD
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"Record 12 of '.*{SHARD}' is corrupt"):
        load_index(records_dir)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "lacks one of the features"), (b"junk", r"not a tf\.train\.Example")],
)
def test_names_an_unparsable_record(records_dir, content, words):
    rewrite_shard(records_dir, lambda records: [*records[:4], content, *records[5:]])
    with pytest.raises(DataError, match=f"Record 4 of '.*{SHARD}' cannot be read: .*{words}"):
        load_index(records_dir)


def test_names_a_shard_of_another_number_of_records(records_dir):
    rewrite_shard(records_dir, lambda records: records[:-2])
    with pytest.raises(DataError, match=f"'.*{SHARD}' .* expected 13 records, found 11"):
        load_index(records_dir)


def test_names_a_label_outside_the_manifest(records_dir):
    def drop(fields):
        fields["classes"] = [{"name": f"Zoë {i}", "images": n} for i, n in enumerate((20, 10, 10))]

    edit_manifest(records_dir, drop)
    expected = r"Record \d+ of '.*\.tfrecord' has label 3, outside the manifest's 0 to 2"
    with pytest.raises(DataError, match=expected):
        load_index(records_dir)


def test_names_an_identity_of_another_number_of_images(records_dir):
    def shift(fields):
        fields["classes"][1]["images"] = 11
        fields["classes"][2]["images"] = 9

    edit_manifest(records_dir, shift)
    expected = r"Shard '.*\.tfrecord' does not match .* label 2 \('Zoë 2'\) has more than its 9"
    with pytest.raises(DataError, match=expected):
        load_index(records_dir)


def test_names_a_shard_lost_or_cut_short_since(records_dir):
    index = load_index(records_dir)
    path = records_dir / SHARD
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match=f"Shard '.*{SHARD}' was cut short during the run"):
        index.read(np.arange(40))
    path.unlink()
    with pytest.raises(DataError, match=f"Shard '.*{SHARD}' was lost during the run: No such"):
        index.read(np.arange(40))
