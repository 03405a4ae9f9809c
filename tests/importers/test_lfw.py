"""LFW, by given landmarks and by what a detector finds."""

import csv
import io
import os
import tarfile

import cv2
import numpy as np
import pytest

from facerec_tf.alignment import crop
from facerec_tf.core.errors import DataError
from facerec_tf.data import CropFormat, Manifest, PairSet, find_pairs
from facerec_tf.data.photo import decode_photo
from facerec_tf.data.records import read_shard
from facerec_tf.importers.lfw import import_lfw
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.photographs.landmark_cropper import LandmarkCropper, read_landmarks
from tests.photo_fixtures import draw
from tests.verbs.conftest import assert_one_line_error

#: Person → images. The first three are trained on, the others compared.
PEOPLE = {"Ann_A": 3, "Bob_B": 1, "Cem_C": 2} | {f"Dev_{i:02d}": 2 for i in range(20)}
POINTS = np.array([[105, 108], [149, 109], [126, 137], [107, 157], [148, 158]], float)


def image_name(person, number):
    return f"{person}/{person}_{number:04d}.jpg"


def all_images():
    return [image_name(p, n) for p, count in PEOPLE.items() for n in range(1, count + 1)]


def write_archive(path, names, read):
    with tarfile.open(path, "w") as tar:
        for name in names:
            content = read(name)
            info = tarfile.TarInfo(f"lfw-deepfunneled/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))


def write_splits(folder):
    same = "".join(f"Dev_{i:02d}\t1\t2\n" for i in range(20))
    different = "".join(f"Dev_{i:02d}\t1\tDev_{(i + 1) % 20:02d}\t2\n" for i in range(20))
    (folder / "peopleDevTrain.txt").write_text("3\nAnn_A\t3\nBob_B\t1\nCem_C\t2\n")
    (folder / "pairsDevTest.txt").write_text(f"20\n{same}{different}")
    folds = [
        f"Dev_{i:02d}\t1\t2\nDev_{i + 10:02d}\t1\t2\n"
        f"Ann_A\t1\tDev_{i:02d}\t1\nAnn_A\t2\tDev_{i:02d}\t2\n"
        for i in range(10)
    ]
    (folder / "pairs.txt").write_text("10\t2\n" + "".join(folds))


def write_landmarks(path, names, points):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        axes = [f"{point}_{axis}" for point in "abcde" for axis in "xy"]
        writer.writerow(["image", *axes, "score", "faces_detected"])
        writer.writerows([name, *points[name].ravel(), 0.9, 1] for name in names)


@pytest.fixture(scope="session")
def photos():
    return {name: draw(seed, 250, 250) for seed, name in enumerate(all_images())}


@pytest.fixture(scope="session")
def points():
    rng = np.random.default_rng(0)
    return {name: (POINTS + rng.normal(scale=3, size=(5, 2))).round(3) for name in all_images()}


@pytest.fixture
def source(tmp_path, photos, points):
    def encode(name):
        return cv2.imencode(".jpg", photos[name][..., ::-1])[1].tobytes()

    write_archive(tmp_path / "lfw.tar", all_images(), encode)
    write_splits(tmp_path)
    write_landmarks(tmp_path / "landmarks.csv", all_images(), points)
    return tmp_path


def run_import(source, archive="lfw.tar", out="out"):
    cropper = LandmarkCropper(read_landmarks(source / "landmarks.csv"))
    common = {"crop_format": CropFormat((112, 112), "arcface-112")}
    return import_lfw(source / archive, cropper, source / out, **common)


def flags_for(source, **changes):
    return {
        "archive": source / "lfw.tar",
        "landmarks": source / "landmarks.csv",
        "output": source / "out",
        **changes,
    }


def read_all(directory):
    shards = Manifest.load(directory).shards
    records = [r for shard in shards for r in read_shard(directory / shard.file)]
    return {record.filename: record for record in records}


def test_imports(source, run_verb, photos, points):
    done = run_verb("import-lfw", **flags_for(source))
    assert done.returncode == 0, done.stderr
    assert "training: 6 images of 3 people" in done.stdout
    assert "lfw_view1: 40 pairs" in done.stdout
    manifest = Manifest.load(source / "out")
    manifest.verify(source / "out")
    assert manifest.alignment == "arcface-112"
    assert [(c.name, c.images) for c in manifest.classes] == list(PEOPLE.items())[:3]

    training = read_all(source / "out")
    assert sorted(training) == all_images()[:6]
    for name, record in training.items():
        expected = crop(photos[name], points[name]).astype(int)
        assert np.abs(decode_photo(record.encoded) - expected).mean() < 4

    view1 = PairSet.load(find_pairs(source / "out", "lfw_view1"))
    np.testing.assert_array_equal(view1.same, [True] * 20 + [False] * 20)
    np.testing.assert_array_equal(view1.folds, [*np.arange(20) // 2] * 2)
    assert view1.filenames[view1.first[3]] == "Dev_03/Dev_03_0001.jpg"
    assert view1.filenames[view1.second[23]] == "Dev_04/Dev_04_0002.jpg"

    view2 = PairSet.load(find_pairs(source / "out", "lfw_view2"))
    np.testing.assert_array_equal(view2.folds, np.arange(40) // 4)
    np.testing.assert_array_equal(view2.same, [True, True, False, False] * 10)
    assert view2.filenames[view2.first[7]] == "Ann_A/Ann_A_0002.jpg"


def test_missing_split_file(source, run_verb):
    (source / "pairs.txt").unlink()
    done = run_verb("import-lfw", **flags_for(source))
    assert_one_line_error(done, "pairs.txt", "into the folder of the archive")
    assert not (source / "out").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "Missing flag: --archive=FILE or --tfds"),
        ({"archive": "a.tar", "tfds": True}, "--archive is not used with --tfds"),
        ({"archive": "a.tar", "people": "p.txt"}, "--people is used with --tfds only"),
        ({"tfds": True, "landmarks": "l.csv"}, "--landmarks is not used with --tfds"),
    ],
)
def test_flags_that_do_not_go_together(tmp_path, run_verb, flags, words):
    assert_one_line_error(run_verb("import-lfw", output=tmp_path / "out", **flags), words)


def truncate_archive(source):
    path = source / "lfw.tar"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def drop_landmark(source):
    path = source / "landmarks.csv"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith("Bob_B")))


def train_on_those_compared(source):
    (source / "peopleDevTrain.txt").write_text("2\nAnn_A\t3\nDev_07\t2\n")


def ask_for_more(source):
    (source / "peopleDevTrain.txt").write_text("1\nAnn_A\t4\n")


def drop_a_pair(source):
    path = source / "pairs.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))


def garble_a_pair(source):
    path = source / "pairs.txt"
    path.write_text(path.read_text().replace("Ann_A\t2\tDev_03\t2", "Ann_A\t2"))


def break_an_image(source):
    path = source / "lfw.tar"
    write_archive(path, all_images(), lambda name: b"no image")


def remove_the_archive(source):
    (source / "lfw.tar").unlink()


def collapse_landmarks(source):
    path = source / "landmarks.csv"
    lines = path.read_text().splitlines()
    lines = [
        f"{line.split(',')[0]}{',5' * 10}" if line.startswith("Bob_B/") else line for line in lines
    ]
    path.write_text("\n".join(lines) + "\n")


def garble_landmarks(source):
    path = source / "landmarks.csv"
    path.write_text(path.read_text().replace("Bob_B_0001.jpg,", "Bob_B_0001.jpg,x"))


def ask_for_photographs_without_end(source):
    (source / "peopleDevTrain.txt").write_text("1\nAnn_A\t1000000000000\n")


def pipe_as_a_split_file(source):
    (source / "pairs.txt").unlink()
    os.mkfifo(source / "pairs.txt")


def pipe_as_the_archive(source):
    (source / "lfw.tar").unlink()
    os.mkfifo(source / "lfw.tar")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (ask_for_photographs_without_end, r"Line 2 of split file .* number of at most 9999"),
        (pipe_as_a_split_file, r"Cannot read split file '.*pairs.txt': it is a named pipe"),
        (pipe_as_the_archive, r"Cannot read archive '.*lfw.tar': it is a named pipe"),
        (truncate_archive, r"Archive '.*lfw.tar' is damaged or incomplete"),
        (drop_landmark, r"no row for image 'Bob_B/Bob_B_0001.jpg'"),
        (train_on_those_compared, r"1 people are both in .*, for example 'Dev_07'"),
        (ask_for_more, r"'Ann_A/Ann_A_0004.jpg' of the split files is not in the archive"),
        (drop_a_pair, r"'.*pairs.txt' has 39 pairs, but its first line gives 40"),
        (garble_a_pair, r"Line \d+ of split file '.*pairs.txt' must be .* Found: Ann_A 2$"),
        (
            break_an_image,
            r"'Ann_A/Ann_A_0001.jpg' .* gives no crop: it is not an image in a known format",
        ),
        (remove_the_archive, r"Cannot read archive '.*lfw.tar': No such file"),
        (collapse_landmarks, r"landmarks of image 'Bob_B/Bob_B_0001.jpg' are invalid"),
        (
            garble_landmarks,
            r"Line \d+ of landmark file '.*landmarks.csv' must be image and ten coordinates",
        ),
    ],
)
def test_bad_input_is_named_and_leaves_nothing(source, damage, words):
    damage(source)
    before = sorted(source.iterdir())
    with pytest.raises(DataError, match=words):
        run_import(source)
    assert sorted(source.iterdir()) == before


def test_real_faces(tmp_path, shared_dir):
    """The first images of LFW, by the real landmarks and by YuNet, under split files of our own."""
    lfw = shared_dir / "data" / "lfw"
    with open(lfw / "landmarks.csv", newline="") as file:
        rows = {
            row[0]: np.array(row[1:11], float).reshape(5, 2) for row in list(csv.reader(file))[1:]
        }
    contents = {}
    with tarfile.open(lfw / "lfw-deepfunneled.tar", "r|") as tar:
        for member in tar:
            if member.isfile():
                contents["/".join(member.name.split("/")[-2:])] = tar.extractfile(member).read()
            if len(contents) == 60:
                break
    people = {}
    for name in sorted(contents):
        people.setdefault(name.split("/")[0], []).append(name)
    repeated = [person for person, names in people.items() if len(names) > 1]
    write_archive(tmp_path / "lfw.tar", contents, contents.__getitem__)
    compared, other = repeated[:2]
    trained = [person for person in people if person not in (compared, other)]
    pair = f"{compared}\t1\t2\n{compared}\t1\t{trained[0]}\t1\n"
    (tmp_path / "pairs.txt").write_text(f"2\t1\n{pair}{pair}")
    lines = "".join(f"{person}\t{len(people[person])}\n" for person in trained)
    (tmp_path / "peopleDevTrain.txt").write_text(f"{len(trained)}\n{lines}")
    view1 = f"{compared}\t1\t2\n" * 10 + f"{compared}\t1\t{other}\t1\n" * 10
    (tmp_path / "pairsDevTest.txt").write_text(f"10\n{view1}")
    (tmp_path / "landmarks.csv").write_bytes((lfw / "landmarks.csv").read_bytes())
    run_import(tmp_path)
    training = read_all(tmp_path / "out")
    assert len(training) == sum(len(people[person]) for person in trained)
    for name, record in training.items():
        expected = crop(decode_photo(contents[name]), rows[name]).astype(int)
        assert np.abs(decode_photo(record.encoded) - expected).mean() < 4
    pair_set = PairSet.load(find_pairs(tmp_path / "out", "lfw_view2"))
    assert pair_set.filenames[pair_set.second[1]].startswith(trained[0])

    model = shared_dir / "data" / "models" / "yunet_n_320_320.onnx"
    options = AlignmentOptions(detector_model=str(model))
    common = {"crop_format": CropFormat((112, 112), "arcface-112")}
    import_lfw(tmp_path / "lfw.tar", options.make_cropper(), tmp_path / "found", **common)
    for name, record in read_all(tmp_path / "found").items():
        given = decode_photo(training[name].encoded).astype(int)
        assert np.abs(decode_photo(record.encoded) - given).mean() < 1
