"""Train, evaluate and export, as a user types them, on files on disk."""

import csv
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

import facerec_tf
from facerec_tf.data import PairSet, find_pairs
from facerec_tf.experiment import load_embedder, load_keras, load_recognizer
from facerec_tf.serving import verify_pairs
from tests.conftest import ROOT
from tests.experiment.conftest import SMALL
from tests.forked import ForkedCommand, run_forked


def weights(workdir):
    recognizer = load_keras(workdir / "recognizer.keras")
    return {w.path: w.numpy() for w in recognizer.weights}


def assert_same_bits(one, two):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_training_leaves_a_run_folder(finished_run):
    assert {p.name for p in finished_run.iterdir()} >= {
        "config.json",
        "checkpoints",
        "metrics.csv",
        "tensorboard",
        "recognizer.keras",
        "report",
    }
    assert {p.name for p in (finished_run / "checkpoints").iterdir()} == {
        "step-00000002",
        "step-00000004",
    }
    with open(finished_run / "metrics.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["step"] for row in rows] == ["1", "2", "3", "4"]
    assert 0.0 <= float(rows[-1]["verification_accuracy"]) <= 1.0
    assert cv2.imread(str(finished_run / "report" / "training.png")).std() > 5
    said = (finished_run / "stdout.txt").read_text()
    for words in (
        *("36 images of 6 identities", "arcface s=64.0 m=0.5", "iresnet_mini", "4 steps"),
        *("Compiling the first step", "step 1/4  epoch 1/1  loss ", "Saving ", "Drawing "),
    ):
        assert words in said
    log = (finished_run / "train.log").read_text().splitlines()
    assert [line[21:] for line in log] == said.splitlines()
    assert all(time.strptime(line[:19], "%Y-%m-%d %H:%M:%S") for line in log)


def test_tensorboard_holds_scalars_and_the_angle_histogram(finished_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(finished_run / "tensorboard"))
    events.Reload()
    assert {"loss", "learning_rate", "verification_accuracy"} <= set(events.Tags()["tensors"])
    assert "target_angle_degrees" in events.Tags()["tensors"]


def test_evaluate_prints_a_table_and_writes_the_report(finished_run, command, tmp_path):
    advice = re.search(r"facerec_tf\.evaluate (.*)", (finished_run / "stdout.txt").read_text())[1]
    assert advice.endswith("--protocol=synthetic")
    result = command("evaluate", *advice.split(), f"--output={tmp_path}")
    assert result.returncode == 0, result.stderr
    assert "not measurable" in result.stdout
    report = json.loads((tmp_path / "evaluation.json").read_text())
    expected = {"protocol", "pairs", "accuracy", "accuracy_std", "threshold", "auc", "eer"}
    assert expected | {"tar_at_far"} <= report.keys()
    assert report["pairs"] == 40
    assert set(report["tar_at_far"]) == {"1e-1", "1e-2", "1e-3", "1e-4"}
    for picture in ("verification.png", "report.png"):
        assert cv2.imread(str(tmp_path / picture)).std() > 5


@pytest.mark.slow
def test_an_export_needs_no_facerec_tf_and_embeds_the_same(finished_run, command, tmp_path, faces):
    output = tmp_path / "export"
    result = command("export", f"--workdir={finished_run}", f"--output={output}")
    assert result.returncode == 0, result.stderr
    pairs = PairSet.load(find_pairs(faces, "pairs"))
    images = next(iter(pairs.images(4))).numpy()
    np.save(tmp_path / "images.npy", images)
    code = (
        "import sys, numpy as np, tensorflow as tf\n"
        f"model = tf.saved_model.load({str(output)!r})\n"
        f"images = np.load({str(tmp_path / 'images.npy')!r})\n"
        "one = model.signatures['serving_default'](images=tf.constant(images))['embedding']\n"
        "jpegs = tf.constant([tf.io.encode_jpeg(i, quality=95).numpy() for i in images])\n"
        "two = model.signatures['embed_jpeg'](jpegs=jpegs)['embedding']\n"
        f"np.savez({str(tmp_path / 'out.npz')!r}, one=one, two=two)\n"
        "assert 'facerec_tf' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, timeout=300)
    embeddings = load_keras(finished_run / "recognizer.keras")(images).numpy()
    expected = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    with np.load(tmp_path / "out.npz") as out:
        np.testing.assert_allclose(out["one"], expected, atol=1e-5)
        assert np.all(np.sum(out["two"] * expected, axis=1) > 0.9)
    embedder = facerec_tf.Embedder(output)
    np.testing.assert_allclose(embedder.embed(images), expected, atol=1e-5)
    _, scores = verify_pairs(load_embedder(None, output), pairs)
    _, expected = verify_pairs(load_embedder(finished_run, None), pairs)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_checkpoints_load_by_name(finished_run):
    latest = load_recognizer(finished_run, "latest")
    assert latest.digest() == load_recognizer(finished_run).digest()
    assert load_recognizer(finished_run, "best").digest() == latest.digest()


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_same_bits(command, faces, tmp_path):
    flags = [
        f"--data={faces}",
        *SMALL,
        "--max_steps=14",
        "--dropout=0.3",
        "--ema=0.9",
        "--augment_shift=0.1",
        "--augment_brightness=0.2",
        "--augment_erase=0.5",
    ]
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    assert command("train", *flags, f"--workdir={straight}").returncode == 0

    process = ForkedCommand("facerec_tf.train", *flags, f"--workdir={killed}")
    try:
        wait_for(killed / "checkpoints" / "step-00000004", process)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (killed / "recognizer.keras").exists()

    result = command("train", f"--workdir={killed}", "--resume")
    assert result.returncode == 0, result.stderr
    assert "Resuming" in result.stdout
    assert_same_bits(weights(killed), weights(straight))
    losses = [read_losses(w / "metrics.csv") for w in (killed, straight)]
    assert losses[0] == losses[1]


@pytest.mark.slow
def test_sigterm_saves_and_exits_with_its_own_code(faces, tmp_path):
    process = ForkedCommand(
        "facerec_tf.train",
        *(f"--data={faces}", f"--workdir={tmp_path / 'r'}", *SMALL),
        *("--checkpoint_every=1000", "--max_steps=10000"),
    )
    wait_for(tmp_path / "r" / "metrics.csv", process, lambda p: p.read_text().count("\n") > 2)
    try:
        # Meanwhile no other process may train here.
        for flags in (["--resume"], [f"--data={faces}", *SMALL]):
            second = run_forked("facerec_tf.train", f"--workdir={tmp_path / 'r'}", *flags)
            assert second.returncode == 1
            owner = f"is in use by process {process.pid} on host {socket.gethostname()} since"
            assert owner in second.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        result = process.wait()
    assert result.returncode == 143
    assert "--resume" in result.stderr
    assert len(list((tmp_path / "r" / "checkpoints").iterdir())) == 1
    assert "error: Interrupted after step" in (tmp_path / "r" / "train.log").read_text()


@pytest.mark.slow
def test_fine_tuning_replaces_the_head_and_says_so(command, finished_run, tmp_path):
    from facerec_tf.data import write_synthetic

    others = tmp_path / "others"
    write_synthetic(others, identities=4, images=4, seed=9, holdout=0, workers=1)
    result = command(
        "train",
        f"--data={others}",
        f"--workdir={tmp_path / 'run'}",
        f"--pretrained={finished_run / 'recognizer.keras'}",
        *SMALL,
        "--loss=cosface",
        "--max_steps=1",
        "--lr=1e-9",
        "--weight_decay=0",
    )
    assert result.returncode == 0, result.stderr
    assert "head replaced by a new one (6 identities before, 4 identities now)" in result.stdout
    before = load_keras(finished_run / "recognizer.keras").backbone.trainable_weights
    after = load_keras(tmp_path / "run" / "recognizer.keras")
    assert after.head.num_classes == 4
    for one, two in zip(before, after.backbone.trainable_weights, strict=True):
        np.testing.assert_allclose(one, two, atol=1e-5)


@pytest.mark.slow
def test_a_full_disk_ends_in_one_line_and_leaves_nothing_half_written(faces, tmp_path):
    # A limit on file size stands in for the full disk: the write fails midway all the same.
    code = (
        "import resource, runpy, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"
        "sys.argv[0] = 'train'\n"
        "runpy.run_module('facerec_tf.train', run_name='__main__')\n"
    )
    flags = [f"--data={faces}", f"--workdir={tmp_path / 'r'}", *SMALL, "--max_steps=4"]
    result = subprocess.run(
        [sys.executable, "-c", code, *flags],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("error: "))
    assert "step-00000002': File too large" in line
    assert "--resume" in line
    assert list((tmp_path / "r" / "checkpoints").iterdir()) == []


def wait_for(path, process, ready=lambda path: True):
    for _ in range(6000):
        if path.exists() and ready(path):
            return
        assert process.poll() is None, f"the run ended before {path} appeared"
        time.sleep(0.02)
    pytest.fail(f"{path} never appeared")


def read_losses(path):
    with open(path, newline="") as file:
        return [(row["step"], row["loss"]) for row in csv.DictReader(file)]
