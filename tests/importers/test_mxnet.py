"""MXNet's record files against a writer of the tests' own."""

import csv
import os
import struct
import zlib

import numpy as np
import pytest

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data import Manifest
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.records import read_shard
from facerec_tf.importers.mxnet import import_mxnet
from facerec_tf.importers.mxnet_file import MXRecordFile
from tests.importers.mxnet_record_files import (
    MAGIC,
    frame,
    pack,
    write_insightface,
    write_rec,
)
from tests.photo_fixtures import draw

#: Identity of each image; there is no 1.
LABELS = [0] * 40 + [2] * 50 + [7] * 30


@pytest.fixture(scope="module")
def images():
    return [(label, encode_jpeg(draw(seed, 112, 112))) for seed, label in enumerate(LABELS)]


@pytest.fixture
def rec(tmp_path, images):
    return write_insightface(tmp_path / "set", images)


def read_all(directory):
    manifest = Manifest.load(directory)
    manifest.verify(directory)
    return [r for shard in manifest.shards for r in read_shard(directory / shard.file)]


def test_images_and_labels_come_through(rec, tmp_path, images):
    summary = import_mxnet(rec, tmp_path / "out", num_shards=3)
    assert summary == {"images": "120 of 3 identities"}
    manifest = Manifest.load(tmp_path / "out")
    assert (manifest.image_size, manifest.alignment) == ((112, 112), "arcface-112")
    assert list(manifest.classes) == [("0", 40), ("2", 50), ("7", 30)]
    found = {record.filename: record for record in read_all(tmp_path / "out")}
    assert len(found) == 120
    for key, (label, jpeg) in enumerate(images, start=1):
        record = found[f"{label}/{key}.jpg"]
        assert record.encoded == jpeg
        assert (record.text, record.label) == (str(label), [0, 2, 7].index(label))


def test_without_an_index_the_numbers_of_the_records_are_used(rec, tmp_path):
    import_mxnet(rec, tmp_path / "with")
    rec.with_suffix(".idx").unlink()
    import_mxnet(rec, tmp_path / "without")
    assert sorted(read_all(tmp_path / "with")) == sorted(read_all(tmp_path / "without"))


def test_files_of_im2rec_and_a_list(tmp_path, images):
    """No record that describes others, keys in another order, names in a list, two labels."""
    payloads = [pack([float(label), 5.0], jpeg) for label, jpeg in images]
    keys = list(range(len(images), 0, -1))
    write_rec(tmp_path / "a.rec", payloads, keys)
    numbered = [(key, *image) for key, image in zip(keys, images, strict=True)]
    rows = (f"{key}\t{label}\t5\tZoë {label}/{key}.jpg\n" for key, label, _ in numbered)
    (tmp_path / "a.lst").write_text("".join(rows))
    import_mxnet(
        tmp_path / "a.rec", tmp_path / "out", lst=tmp_path / "a.lst", image_size=(112, 112)
    )
    found = {record.filename: record.encoded for record in read_all(tmp_path / "out")}
    assert found == {f"Zoë {label}/{key}.jpg": jpeg for key, label, jpeg in numbered}


@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_record_with_the_magic_in_it_is_put_together_again(tmp_path, times):
    content = b"".join(b"ab--" + MAGIC for _ in range(times)) + b"the end"
    payload = pack(3.0, content)
    assert frame(payload).count(MAGIC) == times + 1
    offsets = write_rec(tmp_path / "a.rec", [payload, pack([4.0, 5.0], b"x", 8)])
    with MXRecordFile(tmp_path / "a.rec") as source:
        assert source.starts().tolist() == offsets
        assert source.read(0) == (0, (3.0,), content)
        assert source.read(offsets[1]) == (8, (4.0, 5.0), b"x")


def test_damaged_images_are_listed(tmp_path, images):
    spoilt = [*images]
    spoilt[5] = (0, images[5][1][:-30])
    import_mxnet(write_insightface(tmp_path / "set", spoilt), tmp_path / "out")
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        assert list(csv.reader(file))[1:] == [
            ["0/6.jpg", "it is truncated, or neither JPEG nor PNG"]
        ]
    assert len(read_all(tmp_path / "out")) == 119
    spoilt[6] = (0, b"")
    with pytest.raises(DataError, match="2 of 120 images, more than 1 %"):
        import_mxnet(write_insightface(tmp_path / "worse", spoilt), tmp_path / "no")
    assert not (tmp_path / "no").exists()


def test_an_identity_without_a_sound_image_is_left_out(tmp_path, images):
    spoilt = [*images, (9, b"no image")]
    summary = import_mxnet(write_insightface(tmp_path / "set", spoilt), tmp_path / "out")
    assert summary["identities"] == "'property' gives 4"
    assert [entry.name for entry in Manifest.load(tmp_path / "out").classes] == ["0", "2", "7"]


def test_files_without_numbers_are_numbered_as_they_come(tmp_path, images):
    payloads = [pack(float(label), jpeg) for label, jpeg in images]
    write_rec(tmp_path / "a.rec", payloads, index=False)
    import_mxnet(tmp_path / "a.rec", tmp_path / "out", image_size=(112, 112))
    names = {record.filename for record in read_all(tmp_path / "out")}
    assert names == {f"{label}/{number}.jpg" for number, (label, _) in enumerate(images)}


def test_fewer_identities_than_promised_are_reported(rec, tmp_path):
    (rec.parent / "property").write_text("8,112,112\n120\n")
    assert import_mxnet(rec, tmp_path / "out")["identities"] == "'property' gives 8"


def cut_in_the_middle(rec):
    rec.write_bytes(rec.read_bytes()[: rec.stat().st_size // 2])


def cut_in_a_header(rec):
    rec.write_bytes(rec.read_bytes() + MAGIC + b"\1")


def change(place, value):
    def damage(rec):
        content = bytearray(rec.read_bytes())
        content[place : place + len(value)] = value
        rec.write_bytes(content)

    return damage


def edit(suffix, old, new):
    def damage(rec):
        path = rec.with_suffix(suffix) if suffix else rec.parent / "property"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    return damage


def cut_the_index(rec):
    lines = rec.with_suffix(".idx").read_text().splitlines(keepends=True)
    rec.with_suffix(".idx").write_text("".join(lines[1:]))


def cut_before_record_0(rec):
    offset = int(rec.with_suffix(".idx").read_text().split("\n0\t")[1].split()[0])
    rec.write_bytes(rec.read_bytes()[:offset])
    rec.with_suffix(".idx").unlink()


def claim_many_pixels(rec):
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + header
    png = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    write_insightface(rec.parent, [(0, png + bytes(4) + b"IEND\xaeB`\x82")] * 3)
    (rec.parent / "property").write_text("3,112,112")


def relabel(label):
    return lambda rec: write_rec(rec, [pack(label, b"x", 1), pack([2.0, 2.0])], [1, 0])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_in_the_middle, r"Record \d+ of '.*train.rec' is incomplete: the file ends at byte"),
        (cut_in_a_header, r"Record 124 of '.*train.rec' is incomplete"),
        (change(0, b"JUNK"), r"Record 0 of '.*' begins with 0x4b4e554a, expected 0xced723"),
        (change(4, struct.pack("<I", 3 << 29 | 32)), "Record 0 .* its parts are out of order"),
        (lambda rec: rec.write_bytes(b""), "train.rec' is empty"),
        (lambda rec: rec.unlink(), r"Cannot read record file '.*train.rec': No such file"),
        (
            edit(".idx", "1\t0", "1\t99999999999"),
            r"record 1 at byte 99,999,999,999 of .*, which has [\d,]+ bytes",
        ),
        (edit(".idx", "1\t0", "1\t44"), r"record 1 at byte 44 of .*, where no record begins"),
        (edit(".idx", "2\t", "1\t"), "train.idx' lists a record twice"),
        (edit(".idx", "1\t0", "one"), r"train.idx' must have a number and an offset in every line"),
        (cut_before_record_0, r"has no record 0 that says which records are images"),
        (
            edit("", "3,112,112", "0,112,112"),
            r"property' must begin with the number of identities, height and width",
        ),
        (claim_many_pixels, "cannot be read: Image size .3600000000 pixels. exceeds limit"),
        (cut_the_index, r"Record 0 of .* gives 120 images, but the file or its index has 119"),
        (edit("", "3,112,112", "2,112,112"), "3 identities, but 'property' beside it gives 2"),
        (
            edit("", "3,112,112", "3,112"),
            r"property' must begin with the number of identities, height and width",
        ),
        (edit("", "3,112,112", "3,96,112"), r"is 112x112 pixels, expected 96x112"),
        (relabel(1.5), "has label 1.5, expected an integer of at least 0"),
        (relabel(-1.0), "has label -1, expected"),
        (relabel(float("nan")), "has label nan, expected"),
        (relabel(float(1 << 25)), "has label 3.35544e.07, expected"),
        (
            lambda rec: write_rec(rec, [b"short"]),
            "record at byte 0 of .* is shorter than its header says",
        ),
        (lambda rec: write_rec(rec, [pack([1.0, 2.0])]), "train.rec' has no images"),
    ],
)
def test_what_is_wrong_is_named_and_leaves_nothing(rec, tmp_path, damage, words):
    damage(rec)
    with pytest.raises(DataError, match=words):
        import_mxnet(rec, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_options_that_do_not_fit(rec, tmp_path):
    with pytest.raises(DataError, match=r"Index '.*none.idx' does not exist"):
        import_mxnet(rec, tmp_path / "out", idx=tmp_path / "none.idx")
    with pytest.raises(DataError, match=r"Cannot read list file '.*none.lst'"):
        import_mxnet(rec, tmp_path / "out", lst=tmp_path / "none.lst")
    (tmp_path / "bad.lst").write_text("1\t0\ta.jpg\nword\n")
    with pytest.raises(
        DataError,
        match=r"Line 2 of list file '.*bad.lst' must be number, labels and path.* Found: word",
    ):
        import_mxnet(rec, tmp_path / "out", lst=tmp_path / "bad.lst")
    for rows, words in (
        ("1\t0\ta\n1\t0\tb\n", "Line 2 .* repeats the number 1 or"),
        ("1\t0\ta\n2\t0\ta\n", "Line 2 .* or the path 'a'"),
        ("1\t0\t/etc/x\n", "has the path '/etc/x', expected PERSON/FILE"),
        ("1\t0\ta/../../x\n", "has the path 'a/../../x', expected"),
    ):
        (tmp_path / "bad.lst").write_text(rows)
        with pytest.raises(DataError, match=words):
            import_mxnet(rec, tmp_path / "out", lst=tmp_path / "bad.lst")
    (tmp_path / "bad.lst").write_bytes(b"1\t0\t\xff\n")
    with pytest.raises(DataError, match="is not valid UTF-8"):
        import_mxnet(rec, tmp_path / "out", lst=tmp_path / "bad.lst")
    (rec.parent / "property").unlink()
    with pytest.raises(DataError, match=r"File '.*property' does not exist: give the --size"):
        import_mxnet(rec, tmp_path / "out")
    import_mxnet(rec, tmp_path / "out", image_size=(112, 112))
    with pytest.raises(UserError, match="out' is not empty"):
        import_mxnet(rec, tmp_path / "out", image_size=(112, 112))


@pytest.mark.parametrize("count", [np.nan, np.inf, -np.inf, 1e19])
def test_a_number_of_images_that_is_none(tmp_path, images, count):
    payloads = [pack([count, 200.0]), *(pack(label, jpeg) for label, jpeg in images)]
    write_rec(tmp_path / "a.rec", payloads, keys=range(len(payloads)))
    with pytest.raises(DataError, match=r"Record 0 of '.*a.rec' gives .* images, but the file"):
        import_mxnet(tmp_path / "a.rec", tmp_path / "out", image_size=(112, 112))


@pytest.mark.parametrize(
    ("name", "kind"), [("train.rec", "record file"), ("train.idx", "index"), ("property", "")]
)
def test_pipes_are_refused(rec, tmp_path, name, kind):
    (rec.parent / name).unlink()
    os.mkfifo(rec.parent / name)
    with pytest.raises(DataError, match=f"Cannot read {kind}.*{name}': it is a named pipe"):
        import_mxnet(rec, tmp_path / "out")


def test_a_pipe_as_the_list_is_refused(rec, tmp_path):
    os.mkfifo(tmp_path / "a.lst")
    with pytest.raises(DataError, match=r"Cannot read list file '.*: it is a named pipe"):
        import_mxnet(rec, tmp_path / "out", lst=tmp_path / "a.lst")


def test_the_order_is_shuffled(rec, tmp_path):
    import_mxnet(rec, tmp_path / "out", num_shards=1)
    labels = [record.label for record in read_all(tmp_path / "out")]
    assert np.mean(np.diff(labels) == 0) < 0.6


def test_as_typed(rec, tmp_path, run_verb):
    done = run_verb("import-mxnet", rec=rec, output=tmp_path / "out", shards=2)
    assert done.returncode == 0, done.stderr
    assert "images: 120 of 3 identities" in done.stdout
    assert len(read_all(tmp_path / "out")) == 120
