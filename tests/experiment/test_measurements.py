"""Measurements of real runs: their columns, and that a new one is a single function."""

import csv
import shutil
import sys

import cv2
import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from facerec_tf.config import ExperimentConfig
from facerec_tf.data import PairSet, find_pairs, sample_images
from facerec_tf.evaluation import format_accuracy, table
from facerec_tf.experiment import (
    MEASUREMENTS,
    RunFolder,
    evaluate,
    load_embedder,
    load_keras,
    train,
)
from facerec_tf.serving import verify_pairs
from facerec_tf.serving.passes import embed_pairs
from facerec_tf.training import DivergenceError, Measured, Measurement
from tests.experiment.test_train import write_small_faces

#: Header of metrics.csv; programs of users read its columns by name.
HEADER = (
    "step,epoch,loss,learning_rate,gradient_norm,images_per_second,skipped_steps,damaged_images,"
    "repeated_images,verification_accuracy,verification_accuracy_std,target_angle_degrees,"
    "past_threshold,w_ec_degrees,w_inter_degrees,intra_degrees,inter_degrees"
)


def mean_norm(recognizer, records):
    images = sample_images(records, seed=0).images
    return np.linalg.norm(recognizer(images, training=False), axis=1)


def embedding_norm(run):
    """Mean length of the embeddings of some training images."""

    def measure():
        norms = mean_norm(run.recognizer, run.records)
        return Measured({"embedding_norm": float(norms.mean())}, {"embedding_norms": norms})

    return Measurement(
        name="embedding_norm",
        columns=("embedding_norm",),
        every=2,
        function=measure,
        tensorboard_group="embeddings/",
        progress=("embedding_norm",),
        curves=("embedding_norm",),
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("measured") / "data"
    write_small_faces(directory)
    return directory


def configure(data, **changes):
    small = {
        "data.directory": str(data),
        "model.backbone": "iresnet_nano",
        "model.embedding_size": 16,
        "training.batch_size": 4,
        "training.max_steps": 5,
        "training.log_every": 5,
        "training.checkpoint_every": 3,
    }
    return ExperimentConfig().override({**small, **changes})


def read(workdir):
    text = (workdir / "metrics.csv").read_text()
    return text.splitlines()[0], {int(r["step"]): r for r in csv.DictReader(text.splitlines())}


def test_a_new_measurement_reaches_metrics_tensorboard_progress_and_figure(
    data, tmp_path, capsys, monkeypatch
):
    measurements = [*MEASUREMENTS, embedding_norm]
    workdir = tmp_path / "run"
    train(configure(data), workdir, resume=False, verbose=2, measurements=measurements)

    header, rows = read(workdir)
    assert header == f"{HEADER},embedding_norm"
    assert [step for step, row in rows.items() if row["embedding_norm"]] == [2, 4, 5]
    expected = mean_norm(load_keras(workdir / "recognizer.keras"), data)
    assert float(rows[5]["embedding_norm"]) == pytest.approx(expected.mean(), rel=1e-4)

    events = EventAccumulator(str(workdir / "tensorboard"))
    events.Reload()
    scalars = {
        e.step: tf.make_ndarray(e.tensor_proto) for e in events.Tensors("embeddings/embedding_norm")
    }
    for step, value in scalars.items():
        assert value == pytest.approx(float(rows[step]["embedding_norm"]), rel=1e-6)
    assert [*scalars] == [2, 4, 5]
    assert [e.step for e in events.Tensors("embedding_norms")] == [2, 4, 5]
    assert "embedding_norm: " in capsys.readouterr().out

    train(configure(data), tmp_path / "without", resume=False, verbose=0)
    heights = [
        cv2.imread(str(folder / "report" / "training.png")).shape[0]
        for folder in (workdir, tmp_path / "without")
    ]
    assert heights[0] > heights[1]


def test_the_header_of_metrics_does_not_depend_on_what_is_measured(data, tmp_path):
    without_pairs = tmp_path / "data"
    shutil.copytree(data, without_pairs)
    shutil.rmtree(without_pairs / "pairs")
    config = configure(without_pairs, **{"evaluation.angles_every": 0})
    train(config, tmp_path / "run", resume=False, verbose=0)
    header, rows = read(tmp_path / "run")
    assert header == HEADER
    assert all(not value for row in rows.values() for value in [*row.values()][9:])
    assert RunFolder(tmp_path / "run").checkpoints().best() is None


def test_the_last_verification_is_that_of_evaluate(data, tmp_path, monkeypatch, capsys):
    module, embedded = sys.modules["facerec_tf.experiment.verification"], []

    def verify_and_note(embedder, pairs, flip_fusion):
        embedded.append(embed_pairs(embedder, pairs, flip_fusion))
        return verify_pairs(embedder, pairs, flip_fusion)

    monkeypatch.setattr(module, "verify_pairs", verify_and_note)
    workdir = tmp_path / "run"
    train(configure(data, **{"training.ema": 0.9}), workdir, resume=False, verbose=2)
    said = capsys.readouterr().out
    # To the bit: a rounding error may change the order of two scores, and so the accuracy.
    pairs = PairSet.load(find_pairs(data, "pairs"))
    expected = embed_pairs(load_embedder(workdir, None), pairs, flip_fusion=True)
    np.testing.assert_array_equal(embedded[-1], expected)
    found, _ = evaluate(workdir=str(workdir))
    accuracy = format_accuracy(found.accuracy, found.accuracy_std)
    assert accuracy in table(found)
    assert f"verification  {accuracy} at the end, " in said
    assert f"verification {accuracy}" in said.split("step 5/5")[1].splitlines()[0]


def test_a_run_that_diverges_fails_and_writes_no_recognizer(data, tmp_path):
    changes = {"optimizer.lr": 1e9, "training.max_steps": 4, "evaluation.angles_every": 0}
    with pytest.raises(DivergenceError, match=r"not finite in the last \d steps, up to step 4"):
        train(configure(data, **changes), tmp_path / "run", resume=False, verbose=0)
    folder = RunFolder(tmp_path / "run")
    assert not folder.recognizer.exists()
    assert not folder.lock.exists()
    assert "error: Training diverged" in folder.log.read_text().splitlines()[-1]


def test_a_silent_run_prints_nothing(data, tmp_path, capfd):
    """Neither its warnings nor what it says of a missing checkpoint."""
    config = configure(data, **{"model.loss_options": {"s": 1.0}, "training.max_steps": 1})
    train(config, tmp_path / "run", resume=False, verbose=0)
    shutil.rmtree(tmp_path / "run" / "checkpoints")
    train(RunFolder(tmp_path / "run").config(), tmp_path / "run", resume=True, verbose=0)
    assert capfd.readouterr().out == ""
