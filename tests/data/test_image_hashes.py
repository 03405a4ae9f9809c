"""Hashes of images: written with the records, and the same when computed from them."""

import dataclasses
import hashlib
import json
import os

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.data import Manifest
from facerec_tf.data.image_hashes import (
    FILE_NAME,
    compute_image_hashes,
    content_hash,
    load_image_hashes,
)
from facerec_tf.data.name_source import NameKind, NameSource


def test_the_file_holds_the_hashes_by_label(records_dir, records):
    expected = sorted((r.label, content_hash(r.encoded)) for r in records())
    manifest = Manifest.load(records_dir)
    found = np.load(records_dir / "image_hashes.npy")
    assert found.dtype == np.dtype("<u8")
    assert found.tolist() == [hashed for _, hashed in expected]
    np.testing.assert_array_equal(load_image_hashes(records_dir, manifest), found)
    np.testing.assert_array_equal(compute_image_hashes(records_dir, manifest), found)
    digest = hashlib.sha256((records_dir / "image_hashes.npy").read_bytes()).hexdigest()
    assert dataclasses.astuple(manifest.image_hashes) == ("image_hashes.npy", digest)


def test_a_hash_is_the_beginning_of_sha256():
    assert content_hash(b"") == int.from_bytes(bytes.fromhex("e3b0c44298fc1c14"), "little")


def test_records_of_earlier_versions_have_none(records_dir):
    """They are the same records for a run that is resumed."""
    path = records_dir / "manifest.json"
    written = Manifest.load(records_dir)
    fields = json.loads(path.read_text())
    del fields["image_hashes"]
    path.write_text(json.dumps(fields))
    (records_dir / FILE_NAME).unlink()
    manifest = Manifest.load(records_dir)
    manifest.verify(records_dir)
    assert load_image_hashes(records_dir, manifest) is None
    assert manifest.image_hashes is None
    assert manifest == written


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def flip(path):
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def endless(path):
    path.unlink()
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("damage", [os.unlink, cut, flip, pipe, endless])
def test_a_damaged_file_is_named(records_dir, damage):
    damage(records_dir / FILE_NAME)
    manifest = Manifest.load(records_dir)
    for read in (
        lambda: manifest.verify(records_dir),
        lambda: load_image_hashes(records_dir, manifest),
    ):
        with pytest.raises(DataError, match=r"data/image_hashes\.npy"):
            read()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (np.zeros(39, np.uint64), r"must be uint64 \[40\]"),
        (np.zeros(40, np.int64), "must be uint64"),
        (np.array([{}], object), "not a NumPy array"),
        (None, "not a NumPy array"),
    ],
)
def test_another_array(records_dir, content, words):
    path = records_dir / FILE_NAME
    if content is None:
        path.write_bytes(b"no array")
    else:
        np.save(path, content, allow_pickle=True)
    manifest = json.loads((records_dir / "manifest.json").read_text())
    manifest["image_hashes"]["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    (records_dir / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match=words):
        load_image_hashes(records_dir, Manifest.load(records_dir))


def test_names_have_a_kind_and_an_origin(write):
    directory = write(names=NameSource(NameKind.PEOPLE, "there"))
    manifest = Manifest.load(directory)
    assert (manifest.name_kind, manifest.origin) == (NameKind.PEOPLE, "there")
    assert manifest.names == NameSource(NameKind.PEOPLE, "there")
    fields = json.loads((directory / "manifest.json").read_text())
    assert (fields["names"], fields["origin"]) == ("people", "there")


def test_without_them_names_are_examined_and_the_origin_is_that_of_the_records(records_dir):
    manifest = Manifest.load(records_dir)
    assert manifest.names == NameSource()
    assert manifest.name_kind is NameKind.NUMBERS  # "Zoë 0"
    assert manifest.same_names() == NameSource(NameKind.NUMBERS, manifest.origin)
    assert len(manifest.origin) == 32
    less = dataclasses.replace(manifest, shards=manifest.shards[1:])
    assert less.origin != manifest.origin
