"""Records with every fault planted, and what the inspection says of them."""

import csv
import dataclasses
import hashlib
import json

import cv2
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import UserError
from facerec_tf.curation import inspection, inspection_report
from facerec_tf.curation.inspection import inspect_records
from facerec_tf.data import (
    CropFormat,
    Manifest,
    Pair,
    Record,
    synthetic_face,
    write_pair_set,
    write_records,
)
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.records import read_shard, serialize

#: Identity → images of it.
CROP_FORMAT = CropFormat(alignment="arcface-112")
PEOPLE = {"Zoë": 7, "Ann": 30, "Bob": 11, "李": 1}


@pytest.fixture(scope="module")
def picture():
    return lambda seed, size=112: cv2.resize(synthetic_face(0, seed, 0), (size, size))


@pytest.fixture(scope="module")
def records(picture):
    return [
        Record(encode_jpeg(picture(100 * label + i)), label, name, f"{name}/{i}.jpg")
        for label, (name, count) in enumerate(PEOPLE.items())
        for i in range(count)
    ]


@pytest.fixture
def data(tmp_path, records):
    write_records(tmp_path / "data", records, num_shards=3, crop_format=CROP_FORMAT)
    return tmp_path / "data"


def change_shard(data, number, change, honest=True):
    """Writes a shard anew from a changed list of records; an honest manifest follows suit."""
    manifest = Manifest.load(data)
    path = data / manifest.shards[number].file
    records = change(list(read_shard(path)))
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record if isinstance(record, bytes) else serialize(record))
    if honest:
        shards = list(manifest.shards)
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        shards[number] = dataclasses.replace(shards[number], bytes=len(content), sha256=digest)
        dataclasses.replace(manifest, shards=tuple(shards)).save(data)
    return records


def table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def faults(output):
    return [
        (row["kind"], row["shard"][6:11], row["index"], row["file"], row["reason"])
        for row in table(output / "faults.csv")
    ]


def test_sound_records(data, records, tmp_path):
    summary = inspect_records(data, tmp_path / "out", identities=3)
    assert summary["images"] == "49 sound, of 49 in the manifest"
    assert summary["images per identity"] == ("1 to 30, median 9, mean 12.2; 1 have one, 0 none")
    assert summary["faults"] == "0"
    numbers = json.loads((tmp_path / "out" / "inspection.json").read_text("utf-8"))
    assert (numbers["identities"], numbers["images"]) == (4, 49)
    assert (numbers["image_size"], numbers["alignment"]) == ([112, 112], "arcface-112")
    sizes = [path.stat().st_size for path in sorted(data.glob("*.tfrecord"))]
    assert [shard["bytes"] for shard in numbers["shards"]] == sizes
    assert sum(shard["images"] for shard in numbers["shards"]) == 49
    assert set(numbers["duplicates"].values()) == {0}
    assert faults(tmp_path / "out") == table(tmp_path / "out" / "duplicates.csv") == []
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "inspection.json",
        "faults.csv",
        "duplicates.csv",
        "images_per_identity.png",
        "identities.png",
    }


def test_damaged_image_hashes_are_a_fault(data, tmp_path):
    (data / "image_hashes.npy").unlink()
    inspect_records(data, tmp_path / "out")
    ((kind, shard, index, file, reason),) = faults(tmp_path / "out")
    assert (kind, shard, index, file) == ("manifest", "", "", "image_hashes.npy")
    assert "No such file" in reason


def test_hashes_of_other_images_are_a_fault(data, picture, tmp_path):
    other = encode_jpeg(picture(999))
    change_shard(data, 0, lambda records: [records[0]._replace(encoded=other), *records[1:]])
    inspect_records(data, tmp_path / "out")
    ((kind, *_, file, reason),) = faults(tmp_path / "out")
    assert (kind, file) == ("manifest", "image_hashes.npy")
    assert "other hashes than the images" in reason


def test_the_sheet_shows_images_of_the_identities(data, records, tmp_path):
    for name in ("one", "two"):
        inspect_records(data, tmp_path / name, identities=3, seed=5)
    one, two = ((tmp_path / name / "identities.png").read_bytes() for name in ("one", "two"))
    assert one == two
    sheet = decode_photo(one).astype(int)
    # Those of more than one image, by label: below the margin and heading, each below its name.
    for row, label in enumerate((0, 1, 2)):
        top = 16 + 34 + row * (19 + 112 + 14) + 19
        own = [decode_photo(r.encoded).astype(int) for r in records if r.label == label]
        for column in range(min(10, len(own))):
            shown = sheet[top : top + 112, 16 + column * 114 :][:, :112]
            assert min(np.abs(shown - image).mean() for image in own) < 1


def test_every_kind_of_fault_is_listed_and_none_stops_it(data, picture, tmp_path):
    def spoil(records):
        records[0] = records[0]._replace(encoded=records[0].encoded[:-9])
        records[1] = records[1]._replace(encoded=b"")
        records[2] = records[2]._replace(encoded=b"\xff\xd8" + b"junk" * 20 + b"\xff\xd9")
        records[3] = records[3]._replace(encoded=encode_jpeg(picture(3, 96)))
        records[4] = records[4]._replace(label=4)
        records[5] = records[5]._replace(text="Eve")
        records[6] = b"no example"
        records[7] = records[7]._replace(label=-1, encoded=b"x")
        records[8] = records[8]._replace(filename=records[9].filename)
        return records

    spoilt = change_shard(data, 1, spoil)
    summary = inspect_records(data, tmp_path / "out")
    names = [r if isinstance(r, bytes) else r.filename for r in spoilt]
    of = Manifest.load(data).classes[spoilt[5].label].name
    found = faults(tmp_path / "out")
    no_image = "the image is truncated, or neither JPEG nor PNG"
    assert found == [
        ("image", "00001", "0", names[0], f"{no_image} ({len(spoilt[0].encoded)} bytes)"),
        ("image", "00001", "1", names[1], "the image is empty"),
        ("image", "00001", "2", names[2], "the image cannot be decoded (84 bytes)"),
        ("image", "00001", "3", names[3], "it is 96x96 pixels, expected 112x112"),
        ("label", "00001", "4", names[4], "label 4 is outside the manifest's 0 to 3"),
        (
            "label",
            "00001",
            "5",
            names[5],
            f"it shows 'Eve', but the manifest calls label {spoilt[5].label} '{of}'",
        ),
        ("record", "00001", "6", "", "it is not a tf.train.Example in UTF-8"),
        ("label", "00001", "7", names[7], "label -1 is outside the manifest's 0 to 3"),
        ("image", "00001", "7", names[7], f"{no_image} (1 bytes)"),
        (
            "name",
            "00001",
            "9",
            names[9],
            "record 8 of train-00001-of-00003.tfrecord has the same name",
        ),
    ]
    assert summary["faults"] == "10 (5 image, 3 label, 1 name, 1 record)"
    assert summary["images"] == "44 sound, of 49 in the manifest"


def test_damaged_and_missing_files(data, tmp_path):
    manifest = Manifest.load(data)
    paths = [data / shard.file for shard in manifest.shards]
    content = bytearray(paths[0].read_bytes())
    content[40] ^= 1
    paths[0].write_bytes(content)
    paths[1].write_bytes(paths[1].read_bytes()[:-10])
    paths[2].unlink()
    summary = inspect_records(data, tmp_path / "out")
    counts = [shard.images for shard in manifest.shards]
    found = faults(tmp_path / "out")
    assert {f[:3] + f[4:] for f in found if f[1] == "00000"} == {
        ("record", "00000", "0", "its checksum does not match"),
        (
            "shard",
            "00000",
            "",
            f"its SHA-256 is {hashlib.sha256(content).hexdigest()[:12]}…, "
            f"the manifest says {manifest.shards[0].sha256[:12]}…",
        ),
    }
    assert {f[:3] + f[4:] for f in found if f[1] == "00001"} == {
        ("record", "00001", str(counts[1] - 1), "the file is cut short"),
        (
            "shard",
            "00001",
            "",
            f"it has {paths[1].stat().st_size:,} bytes, "
            f"the manifest says {manifest.shards[1].bytes:,}",
        ),
    }
    assert [f[0] + f[4] for f in found if f[1] == "00002"] == [
        "shardit is missing",
        f"shardit holds 0 records, the manifest says {counts[2]}",
    ]
    assert summary["images"].startswith(f"{counts[0] + counts[1] - 2} sound")


def test_counts_that_differ(data, tmp_path):
    """One of Ann's images is Bob's now, and one shard has lost a record."""
    change_shard(data, 0, give_one_to_bob)
    inspect_records(data, tmp_path / "one")
    wrong = {row["reason"] for row in table(tmp_path / "one" / "faults.csv")}
    assert wrong == {
        "identity 'Ann' has 29 images, the manifest says 30",
        "identity 'Bob' has 12 images, the manifest says 11",
    }
    change_shard(data, 1, lambda records: records[1:])
    inspect_records(data, tmp_path / "two")
    (row,) = table(tmp_path / "two" / "faults.csv")
    assert row["kind"] == "shard"
    assert "records, the manifest says" in row["reason"]


def give_one_to_bob(records):
    place = next(i for i, record in enumerate(records) if record.text == "Ann")
    records[place] = records[place]._replace(label=2, text="Bob")
    return records


def test_duplicates(data, records, tmp_path):
    """Within an identity to the byte, across identities recompressed and smaller."""
    by_name = {record.filename: record for record in records}
    ann, zoe = by_name["Ann/3.jpg"], by_name["Zoë/2.jpg"]
    again = encode_jpeg(decode_photo(zoe.encoded), 70)
    copies = [
        *records,
        ann._replace(filename="Ann/copy.jpg"),
        ann._replace(filename="Ann/copy 2.jpg"),
        by_name["Bob/1.jpg"]._replace(filename="Bob/zoë.jpg", encoded=again),
    ]
    write_records(tmp_path / "twice", copies, num_shards=4)
    summary = inspect_records(tmp_path / "twice", tmp_path / "out")
    rows = table(tmp_path / "out" / "duplicates.csv")
    told = {(r["file"], r["group"], r["across_identities"], r["kind"]) for r in rows}
    assert told == {
        ("Zoë/2.jpg", "0", "1", "alike"),
        ("Bob/zoë.jpg", "0", "1", "alike"),
        ("Ann/3.jpg", "1", "0", "identical"),
        ("Ann/copy.jpg", "1", "0", "identical"),
        ("Ann/copy 2.jpg", "1", "0", "identical"),
    }
    for row in rows:
        record = list(read_shard(tmp_path / "twice" / row["shard"]))[int(row["index"])]
        assert (record.filename, record.text) == (row["file"], row["identity"])
    across, within = (summary[f"duplicates {where} identities"] for where in ("across", "within"))
    assert across == "2 images in 1 groups, 0 of them identical to the byte"
    assert within == "3 images in 1 groups, 3 of them identical to the byte"
    # Two groups on a row each; columns of three images, with their captions.
    height, width = decode_photo((tmp_path / "out" / "duplicates.png").read_bytes()).shape[:2]
    assert height == 16 + 34 + 2 * (19 + 160) + 14 + 16
    assert width >= 16 + 3 * 160 + 2 * 20 + 16


def test_all_images_of_a_group_are_drawn_with_their_names(records, tmp_path, monkeypatch):
    one = records[0]
    copies = [one._replace(filename=f"{one.text}/copy {i}.jpg") for i in range(9)]
    write_records(tmp_path / "twice", [*records, *copies])
    drawn = []
    monkeypatch.setattr(
        inspection_report,
        "strips_sheet",
        lambda rows, heading="", **_: drawn.append((rows, heading)) or np.zeros((1, 1, 3), "u1"),
    )
    inspect_records(tmp_path / "twice", tmp_path / "out")
    rows, heading = drawn[-1]
    assert heading.startswith("Duplicates: 10 of 10 images, 1 of 1 groups")
    assert [len(row) for row in rows] == [6, 4]
    names = {strip.note for row in rows for strip in row}
    assert names == {one.filename.rsplit("/", 1)[-1], *(f"copy {i}.jpg" for i in range(9))}


def test_a_pair_set(records, tmp_path):
    chosen = records[:10]
    pairs = [Pair(i % 2, chosen[i].filename, chosen[i + 1].filename, i < 3) for i in range(6)]
    write_pair_set(tmp_path / "pairs", chosen, pairs, name="holdout")
    summary = inspect_records(tmp_path / "pairs", tmp_path / "out")
    assert summary["pairs"] == "6, 3 of the same person, 2 folds"
    path = tmp_path / "pairs" / "pairs.csv"
    path.write_text(path.read_text("utf-8").replace("Zoë/1.jpg", "Zoë/x.jpg"), "utf-8")
    summary = inspect_records(tmp_path / "pairs", tmp_path / "broken")
    assert summary["faults"] == "1 (1 pairs)"
    assert "pairs" not in summary
    (row,) = table(tmp_path / "broken" / "faults.csv")
    assert "compares unknown image 'Zoë/x.jpg'" in row["reason"]


def test_the_order_of_work_changes_nothing(data, tmp_path, monkeypatch):
    monkeypatch.setattr(inspection, "_CHUNK", 5)
    inspect_records(data, tmp_path / "one", threads=1)
    monkeypatch.setattr(inspection, "_CHUNK", 64)
    inspect_records(data, tmp_path / "two", threads=3)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_what_is_remembered_of_an_image(data, tmp_path):
    manifest = Manifest.load(data)
    with inspection.FaultList(tmp_path) as listed:
        table = inspection.read_all(data, manifest, listed, 1)
    arrays = [v for v in vars(table).values() if hasattr(v, "itemsize")]
    assert sum(array.itemsize for array in arrays) + len(table._pictures) / len(table) == 61


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: (data / "manifest.json").unlink(), "manifest.json"),
        (lambda data: (data / "manifest.json").write_text("{"), "is not valid JSON"),
        (
            lambda data: [path.unlink() for path in data.glob("*.tfrecord")],
            "holds no image that can be decoded: 3 faults in 0 records",
        ),
    ],
    ids=["no manifest", "broken manifest", "no shards"],
)
def test_what_cannot_be_inspected_at_all(data, tmp_path, spoil, words):
    spoil(data)
    with pytest.raises(UserError, match=words):
        inspect_records(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_bad_options(data, tmp_path):
    with pytest.raises(UserError, match="'identities' must be an integer"):
        inspect_records(data, tmp_path / "out", identities=0)
    with pytest.raises(UserError, match="is not empty"):
        inspect_records(data, data)
