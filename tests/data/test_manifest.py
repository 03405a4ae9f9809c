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


def with_shard(**changes):
    return lambda fields: {
        "shards": [{**fields["shards"][0], **changes}, *fields["shards"][1:]],
    }


def with_class(**changes):
    return lambda fields: {"classes": [{**fields["classes"][0], **changes}, *fields["classes"][1:]]}


@pytest.mark.parametrize(
    "value", [10**19, -1, True, 1.0, "10", None, [], float("inf"), float("nan")]
)
@pytest.mark.parametrize(
    "place",
    [
        lambda value: lambda _: {"num_images": value},
        lambda value: lambda _: {"image_size": [112, value]},
        lambda value: with_shard(images=value),
        lambda value: with_shard(bytes=value),
        lambda value: with_class(images=value),
    ],
)
def test_a_count_that_is_none_is_refused(records_dir, place, value):
    refused(records_dir, place(value))


@pytest.mark.parametrize(
    "change",
    [
        lambda _: {"format_version": True},
        lambda _: {"format_version": "1" * 1_000_000},
        lambda _: {"image_size": 112},
        lambda _: {"image_size": [112]},
        lambda _: {"image_size": [112, 0]},
        lambda _: {"image_size": [112, 1 << 20]},
        lambda _: {"alignment": 3},
        lambda _: {"name": ["x" * 1_000_000]},
        lambda _: {"shards": {}},
        lambda _: {"shards": ["train"]},
        lambda _: {"classes": {}},
        lambda _: {"classes": ["x" * 1_000_000]},
        lambda fields: {"classes": [*fields["classes"], None]},
        lambda fields: {"extra": fields["classes"][0]},
        lambda fields: {"shards": fields["shards"] * 2},
        lambda _: {"names": "x" * 1_000_000},
        lambda _: {"names": ["people"]},
        lambda _: {"origin": 3},
        lambda _: {"image_hashes": "x"},
        lambda _: {"image_hashes": {"file": "x"}},
        lambda _: {"image_hashes": {"file": "../x", "sha256": "0" * 64}},
        with_shard(file="../train.tfrecord"),
        with_shard(file="/etc/passwd"),
        with_shard(bytes=10),
        with_shard(file=""),
        with_shard(file="a\0b"),
        with_shard(file="\x1b[31m/" * 1_000_000),
        with_shard(sha256="x" * 64),
        with_shard(sha256=None),
        with_class(name=3),
        with_class(name="\ud800"),
    ],
)
def test_a_field_of_another_kind_is_refused(records_dir, change):
    refused(records_dir, change)


def refused(directory, change):
    """Loading ends in one short line that names the file."""
    fields = json.loads((directory / "manifest.json").read_text())
    edit(directory, **change(fields))
    with pytest.raises(DataError, match=r"manifest\.json' ") as caught:
        Manifest.load(directory)
    message = str(caught.value)
    assert len(message) < 400 + len(str(directory))
    assert message.isprintable()


@pytest.mark.parametrize(
    "text",
    ["[" * 1_000_000, '{"a":' * 1_000_000, '{"num_images": ' + "1" * 5000 + "}", "null", "3"],
)
def test_json_that_is_no_manifest(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=r"manifest\.json'"):
        Manifest.load(tmp_path)
