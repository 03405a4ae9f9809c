"""TFRecords as arcface-tf2's two converters write them."""

import csv
import os
import shutil

import cv2
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError, DataError, UserError
from facerec_tf.data import CropFormat, Manifest
from facerec_tf.data.records import read_shard
from facerec_tf.importers import arcface_tf2
from facerec_tf.importers.arcface_tf2 import find_files, import_arcface_tf2
from tests.photo_fixtures import draw

#: Folder → images; shuffled as the converters do.
PEOPLE = {"10": 3, "0": 2, "007": 1}
NAMES = sorted(
    (f"{p}/{n}.jpg" for p, count in PEOPLE.items() for n in range(count)),
    key=lambda name: name[::-1],
)


def jpeg(seed, side=112):
    return cv2.imencode(".jpg", draw(seed, side, side))[1].tobytes()


@pytest.fixture(scope="module")
def jpegs():
    return {name: jpeg(seed) for seed, name in enumerate(NAMES)}


def feature(value):
    if isinstance(value, int):
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    if isinstance(value, float):
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
    value = value if isinstance(value, list) else [value]
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=value))


def example(**values):
    features = {f"image/{name}": feature(value) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def binary(name, encoded, source_id=None):
    source_id = int(name.split("/")[0]) if source_id is None else source_id
    return example(source_id=source_id, filename=name.encode(), encoded=encoded)


@pytest.fixture
def write(tmp_path):
    def write(*serialized, name="ms1m.tfrecord"):
        with tf.io.TFRecordWriter(str(tmp_path / name)) as writer:
            for one in serialized:
                writer.write(one)
        return tmp_path / name

    return write


def read_all(directory):
    manifest = Manifest.load(directory)
    manifest.verify(directory)
    return {r.filename: r for s in manifest.shards for r in read_shard(directory / s.file)}


def check(directory, jpegs):
    manifest = Manifest.load(directory)
    assert [(e.name, e.images) for e in manifest.classes] == [("0", 2), ("007", 1), ("10", 3)]
    records = read_all(directory)
    assert {name: record.encoded for name, record in records.items()} == jpegs
    for name, record in records.items():
        assert record.text == name.split("/")[0]
        assert record.label == ["0", "007", "10"].index(record.text)


def fails(paths, *words, **options):
    paths = paths if isinstance(paths, list) else [paths]
    output = paths[0].parent / "out"
    with pytest.raises(UserError) as caught:
        import_arcface_tf2(paths, output, **options)
    for word in words:
        assert word in str(caught.value)
    assert not output.exists()


def test_images_inside(write, jpegs, tmp_path):
    half = len(NAMES) // 2
    serialized = [binary(name, jpegs[name]) for name in NAMES]
    paths = [write(*serialized[:half], name="1"), write(*serialized[half:], name="2")]
    summary = import_arcface_tf2(
        paths, tmp_path / "out", crop_format=CropFormat(alignment="arcface-112"), num_shards=2
    )
    assert summary == {"training": "6 images of 3 people"}
    check(tmp_path / "out", jpegs)
    assert Manifest.load(tmp_path / "out").alignment == "arcface-112"
    import_arcface_tf2(paths[::-1], tmp_path / "again")
    check(tmp_path / "again", jpegs)


def test_paths_alone(write, jpegs, tmp_path, monkeypatch):
    for name, encoded in jpegs.items():
        path = tmp_path / "imgs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded)
    serialized = [
        example(source_id=int(name.split("/")[0]), img_path=f"../Data/imgs/{name}".encode())
        for name in NAMES
    ]
    path = write(*serialized)
    import_arcface_tf2([path], tmp_path / "out", root=tmp_path / "imgs")
    check(tmp_path / "out", jpegs)
    shutil.rmtree(tmp_path / "out")
    fails(path, "6 of 6 images", "../Data/imgs/", "No such file")
    fails(path, "does not exist", root=tmp_path / "nowhere")
    (tmp_path / "Data").mkdir()
    (tmp_path / "imgs").rename(tmp_path / "Data" / "imgs")
    monkeypatch.chdir(tmp_path / "Data")
    import_arcface_tf2([path], tmp_path / "out")
    check(tmp_path / "out", jpegs)


def test_a_path_stays_below_the_root(write, jpegs, tmp_path):
    (tmp_path / "imgs").mkdir()
    (tmp_path / "secret.jpg").write_bytes(jpegs[NAMES[0]])
    path = write(example(source_id=1, img_path=b"../secret.jpg"))
    fails(path, "imgs/secret.jpg: No such file", root=tmp_path / "imgs")


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        (b"1.jpg", "5/1.jpg"),
        (b"./1.jpg", "5/1.jpg"),
        (b"../1.jpg", "5/1.jpg"),
        (b"/1.jpg", "5/1.jpg"),
        (b"a\\b\\1.jpg", "b/1.jpg"),
        (b"C:\\1.jpg", "5/1.jpg"),
        ("a/Zoë/1.jpg".encode(), "Zoë/1.jpg"),
    ],
)
def test_names(write, jpegs, tmp_path, filename, name):
    encoded = jpegs[NAMES[0]]
    path = write(example(source_id=5, filename=filename, encoded=encoded + b"\0\0"))
    import_arcface_tf2([path], tmp_path / "out")
    (record,) = read_all(tmp_path / "out").values()
    assert record == (encoded, 0, name.split("/")[0], name)


def test_damaged_images_are_left_out(write, jpegs, tmp_path, monkeypatch):
    encoded = jpegs[NAMES[0]]
    serialized = [binary(f"{n % 2}/{n}.jpg", encoded) for n in range(400)]
    serialized[250] = binary("0/250.jpg", encoded[:-9])
    serialized[300] = binary("0/300.jpg", b"\xff\xd8 no image \xff\xd9")
    path = write(*serialized)
    summary = import_arcface_tf2([path], tmp_path / "out")
    assert summary["training"] == "398 images of 2 people"
    assert summary["rejected"].startswith("2 images, listed in")
    with open(tmp_path / "out" / "rejected.csv", newline="") as file:
        rows = list(csv.reader(file))[1:]
    assert [row[0] for row in rows] == ["0/250.jpg", "0/300.jpg"]
    assert "truncated" in rows[0][1]
    assert "cannot be decoded" in rows[1][1]
    shutil.rmtree(tmp_path / "out")

    serialized[:5] = [binary(f"0/{n}.jpg", encoded[:-9]) for n in range(5)]
    fails(write(*serialized), "7 of 400 images, more than 1 %", "'0/0.jpg'")
    serialized[:5] = [binary("9/0.jpg", b"")] + [
        binary(f"1/{n}.jpg", encoded) for n in (2, 4, 6, 8)
    ]
    fails(write(*serialized), "All images of '9' and of 0 other people are damaged")


def test_contradictions(write, jpegs):
    encoded = jpegs[NAMES[0]]
    path = write(binary("7/1.jpg", encoded), binary("007/1.jpg", encoded))
    fails(path, "Source id 7 occurs with two folders, '7' and '007' (of '007/1.jpg')")
    path = write(binary("a/1.jpg", encoded, 1), binary("a/2.jpg", encoded, 2))
    fails(path, "Folder 'a' has two source ids, 1 and 2 (of 'a/2.jpg')")
    path = write(*(binary(name, encoded) for name in ("1/1.jpg", "2/1.jpg", "2/2.jpg", "2/1.jpg")))
    fails(path, "Two images have the name '2/1.jpg'")


@pytest.mark.parametrize("place", [0, 99, 200])
def test_wrong_size(write, jpegs, place):
    serialized = [binary(f"0/{n}.jpg", jpegs[NAMES[0]]) for n in range(201)]
    serialized[place] = binary(f"0/{place}.jpg", jpeg(1, 96))
    fails(write(*serialized), f"'0/{place}.jpg' in", "is 96x96 pixels, expected 112x112")


GOOD = {"source_id": 1, "filename": b"1/1.jpg", "encoded": b"x"}


@pytest.mark.parametrize(
    ("serialized", "words"),
    [
        (b"no example", "is not a tf.train.Example"),
        (b"", "image/source_id is missing; found: nothing"),
        (example(**GOOD | {"source_id": b"1"}), "image/source_id has 0 values of int64_list"),
        (example(source_id=1, encoded=b"x"), "image/filename is missing; found: image/encoded, "),
        (example(source_id=1, filename=b"1"), "image/encoded is missing"),
        (example(**GOOD | {"encoded": [b"x", b"y"]}), "image/encoded has 2 values of bytes_list"),
        (example(**GOOD | {"filename": b"\xff.jpg"}), "has an image name that is not valid UTF-8"),
        (example(**GOOD | {"filename": b""}), "has the image name '', expected FOLDER/FILE"),
        (
            example(**GOOD | {"filename": b"a/.."}),
            "has the image name 'a/..', expected FOLDER/FILE",
        ),
        (example(**{"class/label": 1, "encoded": b"x"}), "found: image/class/label, image/encoded"),
    ],  # protobuf orders maps as it likes: as names of tests, bytes would differ between processes.
    ids=map(str, range(10)),
)
def test_other_schemas(write, jpegs, serialized, words):
    path = write(binary("1/0.jpg", jpegs[NAMES[0]]), serialized)
    fails(path, f"Record 1 of '{path}'", words)


def test_damaged_files(write, jpegs, tmp_path):
    path = write(*(binary(f"0/{n}.jpg", jpegs[NAMES[0]]) for n in range(70)))
    raw = path.read_bytes()
    path.write_bytes(raw[:-5])
    fails(path, f"Record 69 of '{path}' is corrupt: it is longer than the rest of the file")
    path.write_bytes(raw[:5000] + b"?" + raw[5001:])
    fails(path, "is damaged or incomplete between its records 0 and 64")
    path.write_bytes(b"")
    fails(path, "contains no records")
    path.write_bytes(b"a photograph, perhaps")
    fails(path, "not a TFRecord file")
    fails(tmp_path / "none", "Cannot read", "none")
    os.mkfifo(tmp_path / "pipe")
    fails(tmp_path / "pipe", "it is a named pipe")
    for odd, kind in ((tmp_path / "pipe", "a named pipe"), (tmp_path, "a folder")):
        with pytest.raises(DataError, match=f"Cannot read '{odd}': it is {kind}"):
            find_files([str(odd)])


def test_a_wrong_root_is_reported_at_once(write, tmp_path, monkeypatch):
    path = write(*(example(source_id=1, img_path=f"1/{n}.jpg".encode()) for n in range(300)))
    read = []
    parse = arcface_tf2._parse
    monkeypatch.setattr(arcface_tf2, "_parse", lambda *given: read.append(1) or parse(*given))
    fails(path, "100 of 100 images", "1/0.jpg: No such file", root=tmp_path)
    assert len(read) == 100


def test_bad_options(write, jpegs, tmp_path):
    path = write(binary("1/0.jpg", jpegs[NAMES[0]]))
    fails(path, "'num_shards' must be", num_shards=0)
    fails(path, "'seed' must be", seed=-1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").touch()
    with pytest.raises(UserError, match="is not empty"):
        import_arcface_tf2([path], tmp_path / "out")


def test_find_files(tmp_path, monkeypatch):
    for name in ("b-1", "b-0", "a", "[x]"):
        (tmp_path / name).touch()
    (tmp_path / "b-2").mkdir()
    monkeypatch.chdir(tmp_path)
    assert [path.name for path in find_files(["b-*", "[x]", "a"])] == ["b-0", "b-1", "[x]", "a"]
    with pytest.raises(DataError, match=r"No file matches 'c\*'"):
        find_files(["a", "c*"])
    with pytest.raises(DataError, match="Cannot read 'b-2': it is a folder"):
        find_files(["b-2"])
    with pytest.raises(ArgumentError, match="/a' is given twice, once as 'a'"):
        find_files(["a", str(tmp_path / "a")])
