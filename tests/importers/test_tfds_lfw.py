"""LFW of TensorFlow Datasets, written to disk by its own builder from photographs drawn here."""

import importlib.resources
import importlib.util
import os
import shutil
import sys
import tarfile

import cv2
import numpy as np
import pytest

from facerec_tf.core import extras
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.data import CropFormat, Manifest
from facerec_tf.data.records import read_shard
from facerec_tf.importers.tfds_lfw import import_tfds_lfw, read_tfds_lfw
from facerec_tf.photographs import AlignmentOptions
from facerec_tf.photographs.photo import Photo
from tests.photo_fixtures import CORNER, SIDE, draw

tfds = pytest.importorskip("tensorflow_datasets")

PEOPLE = {"Ann_A": 3, "Bob_B": 1, "Zoë_Å": 2}
TO_CROP = {"crop_format": CropFormat((112, 112), "arcface-112")}


def prepare(root):
    """Has TensorFlow Datasets write the photographs in `root/lfw` to the folder returned."""
    builder = tfds.builder("lfw", data_dir=root / "data")
    arguments = {"data_path": str(root / "lfw")}
    builder._split_generators = lambda _: [tfds.core.SplitGenerator("train", arguments)]
    with pytest.MonkeyPatch.context() as patch:
        # tensorflow-datasets 4.9.10 needs a package that it does not install.
        if importlib.util.find_spec("importlib_resources") is None:
            patch.setitem(sys.modules, "importlib_resources", importlib.resources)
        builder.download_and_prepare()
    return root / "data"


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Person → JPEGs, and the folder in which TensorFlow Datasets has them."""
    root = tmp_path_factory.mktemp("tfds")
    jpegs = {}
    for person, count in PEOPLE.items():
        (root / "lfw" / person).mkdir(parents=True)
        for number in range(1, count + 1):
            image = draw(len(person) + 10 * number, 250, 250)
            jpeg = cv2.imencode(".jpg", image[..., ::-1])[1].tobytes()
            (root / "lfw" / person / f"{person}_{number:04d}.jpg").write_bytes(jpeg)
            jpegs.setdefault(person, set()).add(jpeg)
    return jpegs, prepare(root)


def test_photographs_come_as_they_are(photos):
    jpegs, data_dir = photos
    found = list(read_tfds_lfw(data_dir=data_dir))
    assert len({photo.name for photo in found}) == len(found) == 6
    for person, own in jpegs.items():
        assert {photo.read() for photo in found if photo.person == person} == own
    assert all(photo.name.startswith(f"{photo.person}/tfds_") for photo in found)
    assert [photo.name for photo in read_tfds_lfw(data_dir=data_dir)] == [p.name for p in found]


@pytest.mark.parametrize("people", [None, {"Zoë_Å": 2, "Ann_A": 3}])
def test_import(photos, tmp_path, cropper, people):
    jpegs, data_dir = photos
    listed = None
    if people:
        listed = tmp_path / "peopleDevTrain.txt"
        lines = "".join(f"{name}\t{count}\n" for name, count in people.items())
        listed.write_text(f"{len(people)}\n{lines}", encoding="utf-8")
    output = tmp_path / "out"
    summary = import_tfds_lfw(output, cropper, people=listed, data_dir=data_dir, **TO_CROP)
    expected = people or PEOPLE
    assert summary["training"] == f"{sum(expected.values())} images of {len(expected)} people"
    assert summary["pairs"].startswith("none")
    manifest = Manifest.load(output)
    assert manifest.alignment == "arcface-112"
    assert [tuple(entry) for entry in manifest.classes] == sorted(expected.items())
    x, y = CORNER.astype(int)
    records = [r for shard in manifest.shards for r in read_shard(output / shard.file)]
    for record in records:
        crop = cv2.imdecode(np.frombuffer(record.encoded, np.uint8), cv2.IMREAD_COLOR)
        errors = []
        for jpeg in jpegs[record.text]:
            photo = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
            cut = photo[y : y + SIDE, x : x + SIDE].astype(int)
            errors.append(np.abs(cut - crop).mean())
        assert min(errors) < 2


@pytest.mark.parametrize(
    ("name", "lines", "words"),
    [
        (
            "peopleDevTrain.txt",
            "2\nAnn_A\t3\nZoë_Å\t1\n",
            "has 2 photographs of 'Zoë_Å', expected 1",
        ),
        ("peopleDevTrain.txt", "1\nEve_E\t1\n", "has 0 photographs of 'Eve_E'"),
        ("pairsDevTest.txt", "1\nAnn_A\t1\t2\nAnn_A\t1\tBob_B\t1\n", "list of pairs.*--archive"),
        (
            "peopleDevTrain.txt",
            "1\nAnn_A\n",
            "Line 2 of .* must be a name and a number of .* Found: Ann_A$",
        ),
        ("none.txt", None, "Split file '.*none.txt' does not exist"),
    ],
)
def test_lists_of_people_that_do_not_fit(photos, tmp_path, cropper, name, lines, words):
    if lines:
        (tmp_path / name).write_text(lines, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        import_tfds_lfw(
            tmp_path / "out",
            cropper,
            people=tmp_path / name,
            data_dir=photos[1],
            **TO_CROP,
        )
    assert not (tmp_path / "out").exists()


def test_no_data(tmp_path):
    with pytest.raises(UserError, match=r"has no LFW in '.*nothing/lfw/.*or download it"):
        next(read_tfds_lfw(data_dir=tmp_path / "nothing"))


def cut_short(folder):
    (path,) = folder.glob("*.tfrecord*")
    path.write_bytes(path.read_bytes()[:-50])


def empty(folder):
    (path,) = folder.glob("*.tfrecord*")
    path.write_bytes(b"")


def garble_the_description(folder):
    (folder / "dataset_info.json").write_text("{ no")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (cut_short, r"LFW in '.*lfw/.*' is damaged: truncated record at \d+[^\[{]*$"),
        (empty, "is damaged: Input dataset was expected to contain 6 elements[^[{]*$"),
        (garble_the_description, "cannot open LFW: .*JSON"),
    ],
)
def test_damaged_data(photos, tmp_path, damage, words):
    shutil.copytree(photos[1], tmp_path / "data")
    (folder,) = (tmp_path / "data" / "lfw").glob("[0-9]*")
    damage(folder)
    with pytest.raises(DataError, match=words):
        list(read_tfds_lfw(data_dir=tmp_path / "data"))


def test_a_download_that_fails(tmp_path, monkeypatch):
    def unreachable(self):
        raise ConnectionError("no network")

    monkeypatch.setitem(sys.modules, "importlib_resources", importlib.resources)
    monkeypatch.setattr(tfds.builder_cls("lfw"), "download_and_prepare", unreachable)
    with pytest.raises(UserError, match="cannot prepare LFW: no network"):
        next(read_tfds_lfw(data_dir=tmp_path, download=True))


def test_needs_its_package(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name, name=name)

    monkeypatch.setattr(extras.importlib, "import_module", missing)
    with pytest.raises(UserError, match=r"pip install 'facerec_tf\[tfds\]'"):
        next(read_tfds_lfw())


def test_real_faces_as_typed(shared_dir, tmp_path, run_verb):
    """The first photographs of LFW: the crops that YuNet gives of the archive's own files."""
    model = shared_dir / "data" / "models" / "yunet_n_320_320.onnx"
    cropper = AlignmentOptions(detector_model=str(model)).make_cropper()
    expected = []
    with tarfile.open(shared_dir / "data" / "lfw" / "lfw-deepfunneled.tar", "r|") as tar:
        for member in tar:
            if member.isfile():
                person, name = member.name.split("/")[-2:]
                path = tmp_path / "lfw" / person / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(tar.extractfile(member).read())
                photo = Photo(f"{person}/{name}", person, path=os.fspath(path))
                expected.append((person, cropper(photo)[0].encoded))
            if len(expected) == 8:
                break
    output = tmp_path / "out"
    flags = {"tfds_data": prepare(tmp_path), "detector_model": model, "output": output}
    done = run_verb("import-lfw", tfds=True, **flags)
    assert done.returncode == 0, done.stderr
    assert "training: 8 images" in done.stdout
    assert "pairs: none" in done.stdout
    shards = Manifest.load(output).shards
    records = [record for shard in shards for record in read_shard(output / shard.file)]
    assert sorted((record.text, record.encoded) for record in records) == sorted(expected)
