import hashlib
import json
import os

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


def first_class(images):
    return {"classes": [{"name": "a", "images": images}]}


def first_shard(**changes):
    shard = {"file": "a.tfrecord", "images": 40, "bytes": 9, "sha256": "0"}
    return {"shards": [{**shard, **changes}]}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"num_images": 10**19}, "'num_images' must be an integer from 0 to .* Found: 1000000"),
        ({"num_images": float("inf")}, "'num_images' must be an integer .* Found: inf"),
        ({"num_images": "40"}, "'num_images' must be an integer .* Found: '40'"),
        ({"num_images": 40.5}, "'num_images' must be an integer .* Found: 40.5"),
        (first_class(10**19), "'images' must be an integer"),
        (first_class(float("nan")), "'images' must be an integer .* Found: nan"),
        (first_class(-40), "'images' must be an integer from 0 .* Found: -40"),
        (first_class(True), "'images' must be an integer .* Found: True"),
        ({"classes": [{"name": 3, "images": 40}]}, "'name' must be text. Found: 3"),
        ({"classes": "abc"}, "'classes' must be a list. Found: 'abc'"),
        ({"classes": ["abc"]}, "'classes' must be objects of a name and a number"),
        (first_shard(images=-40), "'images' must be an integer .* Found: -40"),
        (first_shard(bytes=10**19), "'bytes' must be an integer"),
        (first_shard(file="/etc/passwd"), "'file' of a shard must be a file name. Found: '/etc"),
        (first_shard(file="../a.tfrecord"), "must be a file name. Found: '../a.tfrecord'"),
        (first_shard(file=None), "'file' must be text. Found: None"),
        ({"shards": ["abc"]}, "is incomplete"),
        ({"image_size": [112, 10**19]}, "'image_size' must be an integer from 1 to 65535"),
        ({"image_size": [112, -1]}, "'image_size' must be an integer from 1 to 65535"),
        ({"image_size": 112}, "'image_size' must be a list. Found: 112"),
        ({"image_size": [112]}, "is damaged"),
        ({"alignment": None}, "'alignment' must be text. Found: None"),
        ({"name": ["train"]}, "'name' must be text"),
        ({"format_version": [1]}, r"has format version \[1\], expected 1"),
    ],
    ids=str,
)
def test_values_of_another_type_or_range(records_dir, changes, words):
    edit(records_dir, **changes)
    with pytest.raises(DataError, match=rf"^Manifest '.*manifest\.json' .*{words}"):
        Manifest.load(records_dir)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[" * 100_000, "nested too deeply"), ('{"num_images": ' + "9" * 5000 + "}", "is damaged")],
)
def test_json_that_python_refuses(tmp_path, text, words):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(DataError, match=f"^Manifest '.*manifest.json' .*{words}"):
        Manifest.load(tmp_path)


def test_a_pipe_as_a_shard(records_dir):
    path = records_dir / "train-00001-of-00003.tfrecord"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match=f"Cannot read shard '{path}': it is a named pipe"):
        Manifest.load(records_dir).verify(records_dir)


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
