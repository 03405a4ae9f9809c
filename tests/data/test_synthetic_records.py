import subprocess
import sys
from pathlib import Path

import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.data import Manifest, PairSet, find_pairs, synthetic_records, write_synthetic
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.faces import synthetic_face
from facerec_tf.data.records import read_shard
from tests.folder_digest import file_digests

ARGUMENTS = {"identities": 4, "images": 3, "seed": 5, "holdout": 6, "pairs": 20}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("synthetic") / "data"
    write_synthetic(path, **ARGUMENTS, workers=1)
    return path


def test_holds_the_faces_drawn(directory):
    manifest = Manifest.load(directory)
    assert [entry.images for entry in manifest.classes] == [3, 3, 3, 3]
    assert manifest.alignment == "arcface-112"
    for shard in manifest.shards:
        for record in read_shard(directory / shard.file):
            person, image = record.filename.removesuffix(".jpg").split("/")
            identity = int(person.removeprefix("synthetic-"))
            assert manifest.classes[record.label].name == record.text == person
            assert record.encoded == encode_jpeg(synthetic_face(5, identity, int(image)))


def test_pairs_show_no_one_trained_on(directory):
    pair_set = PairSet.load(find_pairs(directory, "synthetic"))
    compared = {entry.name for entry in pair_set.manifest.classes}
    assert len(compared) > 1
    assert compared.isdisjoint(entry.name for entry in Manifest.load(directory).classes)
    assert len(pair_set) == 20
    used = set(pair_set.first) | set(pair_set.second)
    assert used == set(range(pair_set.num_images))


def test_workers_draw_the_same(directory, tmp_path, monkeypatch):
    monkeypatch.setattr(synthetic_records, "_LOT", 6)
    write_synthetic(tmp_path / "data", **ARGUMENTS, workers=2)
    assert file_digests(tmp_path / "data") == file_digests(directory)


def test_workers_load_no_tensorflow():
    code = "import sys, facerec_tf.data.synthetic_worker; sys.exit('tensorflow' in sys.modules)"
    root = Path(__file__).resolve().parents[2]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, check=False).returncode == 0


def test_no_holdout_no_pairs(tmp_path):
    write_synthetic(tmp_path / "data", identities=2, images=2, holdout=0)
    assert not (tmp_path / "data" / "pairs").exists()


@pytest.mark.parametrize(
    "wrong", [{"identities": 1}, {"images": 1}, {"holdout": 1}, {"pairs": 30}, {"holdout": -1}]
)
def test_refuses_bad_numbers(tmp_path, wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        write_synthetic(tmp_path / "data", **ARGUMENTS | wrong)
    assert not (tmp_path / "data").exists()
