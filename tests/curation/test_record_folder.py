"""Records that other records are made of."""

import json
from pathlib import Path

import numpy as np
import pytest

from facerec_tf.core.errors import DataError
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import Record, write_records
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.images import decode_any


@pytest.fixture
def data(tmp_path, photo_of):
    encoded = encode_jpeg(photo_of(1, 112, 112))
    records = [
        Record(encoded, label, f"p{label}", f"p{label}/{n}.jpg") for label in range(3) for n in "ab"
    ]
    write_records(tmp_path / "data", records, num_shards=1)
    return tmp_path / "data"


def edit(data, change):
    fields = json.loads((data / "manifest.json").read_text())
    change(fields["classes"])
    (data / "manifest.json").write_text(json.dumps(fields))


def test_reads_all(data):
    assert sorted(r.filename for r in RecordFolder.open(data).records()) == [
        f"p{label}/{n}.jpg" for label in range(3) for n in "ab"
    ]


def test_reads_the_wanted_ones_with_their_pixels(data):
    folder = RecordFolder.open(data)
    everything = list(folder.records())
    wanted = np.array([n % 2 == 1 for n in range(len(everything))])
    assert list(folder.records(wanted)) == everything[1::2]
    images = list(folder.images(wanted))
    assert [image.record for image in images] == everything[1::2]
    for image in images:
        np.testing.assert_array_equal(image.pixels, decode_any(image.record.encoded))
    assert [image.record for image in folder.images()] == everything


def test_two_identities_of_one_name(data):
    edit(data, lambda classes: classes[2].update(name="p0"))
    with pytest.raises(DataError, match="have two identities named 'p0'"):
        RecordFolder.open(data)


def test_an_identity_without_images(data):
    edit(data, lambda classes: classes.append({"name": "nobody", "images": 0}))
    with pytest.raises(DataError, match=r"Identity 'nobody' of records .* has no images"):
        RecordFolder.open(data)


def test_labels_that_the_manifest_does_not_know(data):
    edit(data, lambda classes: classes[2].update(name="other"))
    with pytest.raises(DataError, match=r"shows 'p2', but the manifest calls label 2 'other'"):
        list(RecordFolder.open(data).records())


def test_damage(data):
    with pytest.raises(DataError, match=r"Cannot read manifest 'nowhere/manifest.json'"):
        RecordFolder.open(Path("nowhere"))
    (shard,) = data.glob("*.tfrecord")
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    with pytest.raises(DataError, match=r"Record \d of .* is corrupt"):
        list(RecordFolder.open(data).records())
    shard.write_bytes(content[:-1])
    with pytest.raises(DataError, match="does not match the manifest"):
        RecordFolder.open(data)
    shard.unlink()
    with pytest.raises(DataError, match="is missing"):
        RecordFolder.open(data)
