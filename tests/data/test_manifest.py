import hashlib
import json

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import Manifest


def edit(directory, **changes):
    path = directory / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_says_what_was_written(records_dir):
    manifest = Manifest.load(records_dir)
    assert manifest.num_images == 40
    assert [(entry.name, entry.images) for entry in manifest.classes] == [
        (f"Zoë {label}", 10) for label in range(4)
    ]
    assert manifest.image_size == (112, 112)
    assert manifest.alignment == "unknown"
    for shard in manifest.shards:
        content = (records_dir / shard.file).read_bytes()
        assert shard.bytes == len(content)
        assert shard.sha256 == hashlib.sha256(content).hexdigest()


def test_round_trip(records_dir, tmp_path):
    manifest = Manifest.load(records_dir)
    manifest.save(tmp_path)
    assert Manifest.load(tmp_path) == manifest


def test_verify_accepts_what_was_written(records_dir):
    Manifest.load(records_dir).verify(records_dir)


def test_verify_names_a_missing_shard(records_dir):
    (records_dir / "train-00001-of-00003.tfrecord").unlink()
    with pytest.raises(DataError, match=r"train-00001-of-00003.tfrecord' is missing"):
        Manifest.load(records_dir).verify(records_dir, digests=False)


def test_verify_names_a_short_shard(records_dir):
    path = records_dir / "train-00001-of-00003.tfrecord"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"train-00001-of-00003.tfrecord' does not match"):
        Manifest.load(records_dir).verify(records_dir, digests=False)


def test_verify_names_a_changed_shard_only_by_its_digest(records_dir):
    path = records_dir / "train-00002-of-00003.tfrecord"
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    manifest = Manifest.load(records_dir)
    manifest.verify(records_dir, digests=False)
    with pytest.raises(DataError, match=r"train-00002-of-00003.tfrecord' .* SHA-256"):
        manifest.verify(records_dir)


def test_missing_manifest_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"manifest.json.*make-records"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("text", ["{", '"text"', "[]", '{"format_version": 1}'])
def test_damaged_manifest(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest.json"):
        Manifest.load(tmp_path)


def test_a_manifest_that_is_not_text(tmp_path):
    (tmp_path / "manifest.json").write_bytes(b'{"name": "\xff"}')
    with pytest.raises(DataError, match=r"Manifest '.*manifest\.json' is not valid UTF-8"):
        Manifest.load(tmp_path)


def test_other_version(records_dir):
    edit(records_dir, format_version=99)
    with pytest.raises(DataError, match="format version 99, expected 1"):
        Manifest.load(records_dir)


def test_contradiction(records_dir):
    edit(records_dir, num_images=41)
    with pytest.raises(DataError, match="41 by num_images, 40 by its shards"):
        Manifest.load(records_dir)


def test_select_renumbers_those_with_enough_images(write):
    def drop(records):  # Leaves 10, 3, 10 and 5 images.
        left = {1: 3, 3: 5}
        seen = dict.fromkeys(range(4), 0)
        for record in records:
            seen[record.label] += 1
            if seen[record.label] <= left.get(record.label, 10):
                yield record

    selection = Manifest.load(write(drop)).select(min_images=5)
    np.testing.assert_array_equal(selection.labels, [0, -1, 1, 2])
    assert selection.class_names == ("Zoë 0", "Zoë 2", "Zoë 3")
    assert (selection.num_classes, selection.num_images) == (3, 25)


def test_select_leaves_no_one(records_dir):
    with pytest.raises(DataError, match=r"min_images=11.*the largest has 10"):
        Manifest.load(records_dir).select(11)
    with pytest.raises(ArgumentError, match="min_images"):
        Manifest.load(records_dir).select(0)
