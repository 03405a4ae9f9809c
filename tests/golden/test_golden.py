"""This version reads what earlier versions wrote; `write.py` made the files (docs/UPGRADING.md)."""

import csv
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

import facerec_tf
from facerec_tf.data import Manifest, PairSet, find_pairs
from facerec_tf.data.records import read_shard, serialize
from tests.forked import run_forked
from tests.golden.write import (
    EXPORTS,
    GOLDEN,
    RESUMED_FROM,
    STEPS,
    load_keras,
    read_images,
    sha256_of_files,
)
from tests.shared_folder import shared_folder

LARGEST, LARGEST_FILE = 1.5e6, 5e5  # bytes


@pytest.fixture(scope="module")
def expected():
    with np.load(GOLDEN / "expected.npz") as arrays:
        return {**json.loads((GOLDEN / "expected.json").read_text()), **arrays}


@pytest.fixture(scope="module")
def images():
    return read_images(GOLDEN / "records")


@pytest.fixture(scope="session")
def resumed(tmp_path_factory):
    """Folder of a copy of the run, resumed by one step."""

    def resume(folder):
        shutil.copytree(GOLDEN, folder)
        result = run_forked("facerec_tf.train", "--workdir=run", "--resume", cwd=folder)
        assert result.returncode == 0, result.stderr

    return shared_folder(tmp_path_factory, "golden", resume) / "run"


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


def test_records_and_pairs(expected, images):
    records = GOLDEN / "records"
    assert sha256_of_files(records) == expected["files"]
    assert [entry.name for entry in Manifest.load(records).classes] == expected["class_names"]
    pairs = PairSet.load(find_pairs(records, "pairs"))
    found = [pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist()]
    assert found == expected["pairs"]
    assert list(pairs.filenames) == expected["filenames"]
    # Decoders may differ by a few levels.
    small = images[:, ::8, ::8].astype(int)
    assert np.abs(small - expected["images"]).max() <= 4


def test_records_are_written_with_the_same_bytes():
    shards = sorted((GOLDEN / "records").rglob("*.tfrecord"))
    assert shards
    for path in shards:
        stored = [raw.numpy() for raw in tf.data.TFRecordDataset(str(path))]
        assert [serialize(record) for record in read_shard(path)] == stored


def test_keras_file(expected, images):
    recognizer = load_keras(GOLDEN / "recognizer.keras")
    assert isinstance(recognizer, facerec_tf.Recognizer)
    embeddings = recognizer(images, training=False).numpy()
    assert_close(embeddings, expected["embeddings"])
    labels = np.arange(len(images), dtype=np.int32) % 4
    assert_close(recognizer.head(expected["embeddings"], labels).numpy(), expected["logits"])


@pytest.mark.parametrize("name", sorted(EXPORTS))
def test_export(name, expected, images):
    embedder = facerec_tf.Embedder(GOLDEN / EXPORTS[name])
    lengths = np.linalg.norm(expected["embeddings"], axis=1, keepdims=True)
    assert_close(embedder.embed(images), expected["embeddings"] / lengths)


def test_a_run_is_resumed(resumed):
    with open(resumed / "metrics.csv", newline="") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    assert steps == sorted(set(steps))
    assert steps[-1] == STEPS == RESUMED_FROM + 1


def test_the_resumed_run_ends_as_the_earlier_version_ended_it(resumed):
    ours, theirs = (load_keras(folder / "recognizer.keras") for folder in (resumed, GOLDEN))
    for weight, expected in zip(ours.weights, theirs.weights, strict=True):
        assert weight.path == expected.path
        assert_close(weight.numpy(), expected.numpy())


def test_they_stay_small():
    sizes = {path: path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()}
    assert sum(sizes.values()) < LARGEST
    assert max(sizes.values()) < LARGEST_FILE
