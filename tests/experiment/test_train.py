"""Training in process: two devices against one, and real faces."""

import csv
import shutil
import sys

import numpy as np
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.data import (
    CropFormat,
    Pair,
    PairSet,
    Record,
    write_pair_set,
    write_records,
    write_synthetic,
)
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.experiment import RunFolder, evaluate, load_keras, load_recognizer, train
from facerec_tf.experiment.train import _restore as restore
from facerec_tf.runs import Checkpoints
from tests.conftest import ROOT
from tests.tolerance import NETWORK, assert_close

SMALL = {
    "model.backbone": "iresnet_mini",
    "model.embedding_size": 16,
    "model.dropout": 0.0,
    "training.batch_size": 8,
    "training.max_steps": 4,
    "training.log_every": 1,
    "training.checkpoint_every": 100,
}


def column(workdir, name):
    with open(workdir / "metrics.csv", newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


@pytest.mark.slow
def test_two_mirrored_devices_train_as_one(faces, tmp_path):
    config = ExperimentConfig().override(
        {
            **SMALL,
            "data.directory": str(faces),
            "model.loss": "cosface",
            "model.loss_options": {"s": 16.0},
            # A larger batch than elsewhere: BatchNorm over few images is ill-conditioned, and
            # float32 gradients then differ by a thousandth however they are computed.
            "training.batch_size": 32,
            "optimizer.lr": 1e-4,
        }
    )
    for strategy in ("one_device", "mirrored"):
        chosen = config.override({"training.strategy": strategy})
        train(chosen, tmp_path / strategy, resume=False, verbose=0)
    one, two = tmp_path / "one_device", tmp_path / "mirrored"
    assert_close(column(two, "loss"), column(one, "loss"), NETWORK)
    norms = [column(workdir, "gradient_norm") for workdir in (one, two)]
    np.testing.assert_allclose(*norms, rtol=1e-3)
    weights = [load_keras(w / "recognizer.keras").backbone.weights for w in (one, two)]
    # Some weights have no gradient but rounding errors: those are relative to the others.
    largest = max(np.abs(weight).max() for weight in weights[1])
    for a, b in zip(*weights, strict=True):
        assert_close(a, b, NETWORK, scale=largest, err_msg=a.path)


@pytest.mark.slow
def test_metric_losses_train_on_balanced_batches(faces, tmp_path, capsys):
    config = ExperimentConfig().override(
        {
            **SMALL,
            "data.directory": str(faces),
            "model.loss": "triplet",
            "model.loss_options": {"mining": "batch_hard"},
            "model.auxiliary": ("center:0.01:alpha=0.3", "ring"),
        }
    )
    train(config, tmp_path / "run", resume=False, verbose=2)
    said = capsys.readouterr().out
    assert "triplet m=0.2 mining=batch_hard" in said
    assert "+ 0.01·center alpha=0.3 + 0.01·ring radius=None" in said
    stored = RunFolder(tmp_path / "run").config()
    assert stored.data.images_per_identity == 4
    assert stored.model.auxiliary == ("center:0.01:alpha=0.3", "ring")
    assert np.isfinite(column(tmp_path / "run", "loss")).all()
    recognizer = load_recognizer(tmp_path / "run", "latest")
    assert recognizer.head is None
    assert recognizer.objective.main.mining == "batch_hard"
    assert 0.0 <= evaluate(workdir=str(tmp_path / "run"))[0].accuracy <= 1.0


def test_a_loss_that_cannot_work_is_warned_of(faces, tmp_path, capsys):
    weak = {"model.loss": "cosface", "model.loss_options": {"s": 1.0, "m": 0.2}}
    chosen = {"data.directory": str(faces), "training.max_steps": 1, **weak}
    config = ExperimentConfig().override({**SMALL, **chosen})
    train(config, tmp_path / "run", resume=False, verbose=2)
    assert "warning: --s=1 is below 3.2" in capsys.readouterr().out


def test_the_global_batch_must_fit_the_devices(faces, tmp_path):
    config = ExperimentConfig().override(
        {
            **SMALL,
            "data.directory": str(faces),
            "training.batch_size": 9,
            "training.strategy": "mirrored",
        }
    )
    with pytest.raises(ArgumentError, match="'batch_size' must be a multiple of the 2 devices"):
        train(config, tmp_path / "run", resume=False, verbose=0)
    assert not (tmp_path / "run").exists()


def test_a_batch_of_one_image_is_refused(faces, tmp_path):
    config = ExperimentConfig().override(
        {**SMALL, "data.directory": str(faces), "training.batch_size": 1}
    )
    with pytest.raises(ArgumentError, match=r"'batch_size' must be at least 2 .* 'embedding'"):
        train(config, tmp_path / "runs" / "one", resume=False, verbose=0)
    assert not (tmp_path / "runs").exists()


class Restored:
    """Stands in for a controller that restores whole checkpoints."""

    def resume(self, checkpoint):
        checkpoint.load()
        self.step = checkpoint.step


def test_an_older_checkpoint_is_resumed_if_the_latest_is_damaged(tmp_path, capsys):
    checkpoints, controller = Checkpoints(tmp_path), Restored()
    saved = [checkpoints.save({"model/0000": np.zeros(3)}, step) for step in (2, 4, 6)]
    for checkpoint in saved[1:]:
        (checkpoint.path / "variables.npz").write_bytes(b"damaged")
    restore(controller, saved[::-1], verbose=1)
    assert controller.step == 2
    first, second = capsys.readouterr().out.splitlines()
    assert f"Checkpoint {saved[2].path} cannot be read" in first
    assert first.endswith(f"Trying {saved[1].path}.")
    assert second.endswith(f"Trying {saved[0].path}.")
    with pytest.raises(DataError, match="step-00000004 cannot be read"):
        restore(controller, saved[:0:-1], verbose=0)


def test_xla_under_several_devices_is_refused(faces, tmp_path):
    config = ExperimentConfig().override(
        {
            **SMALL,
            "data.directory": str(faces),
            "training.xla": "on",
            "training.strategy": "mirrored",
        }
    )
    with pytest.raises(ArgumentError, match="'xla' must be 'off' or 'auto' when 2 devices"):
        train(config, tmp_path / "run", resume=False, verbose=0)


@pytest.mark.slow
def test_without_data_faces_are_drawn(tmp_path):
    config = ExperimentConfig().override(
        {
            **SMALL,
            "data.synthetic_identities": 4,
            "data.synthetic_images": 4,
            "training.max_steps": 1,
        }
    )
    train(config, tmp_path / "run", resume=False, verbose=0)
    assert (tmp_path / "run" / "data" / "pairs" / "synthetic" / "pairs.csv").is_file()
    assert (tmp_path / "run" / "recognizer.keras").is_file()


def test_a_missing_pretrained_model_is_named(faces, tmp_path):
    config = ExperimentConfig().override(
        {**SMALL, "data.directory": str(faces), "finetuning.pretrained": "missing.keras"}
    )
    with pytest.raises(DataError, match=r"missing\.keras does not exist"):
        train(config, tmp_path / "run", resume=False, verbose=0)


def test_what_was_drawn_for_a_mistaken_run_does_not_bar_the_mended_one(tmp_path):
    small = {**SMALL, "data.synthetic_identities": 4, "data.synthetic_images": 4}
    mistaken = ExperimentConfig().override({**small, "evaluation.eval_pairs": "lfw_view9"})
    with pytest.raises(DataError, match=r"lfw_view9.*synthetic"):
        train(mistaken, tmp_path / "run", resume=False, verbose=0)
    assert not (tmp_path / "run" / "data").exists()


def write_small_faces(directory):
    """Writes 16 images of 4 people, 64×64, and four pairs of them."""
    rng = np.random.default_rng(0)
    encoded = [encode_jpeg(rng.integers(0, 256, (64, 64, 3), np.uint8)) for _ in range(16)]
    records = [Record(jpeg, i // 4, f"p{i // 4}", f"{i}.jpg") for i, jpeg in enumerate(encoded)]
    pairs = [Pair(f, f"{4 * f}.jpg", f"{4 * f + n}.jpg", n < 4) for f in (0, 1) for n in (1, 5)]
    write_records(directory, records, crop_format=CropFormat((64, 64)))
    small = directory / "pairs" / "small"
    write_pair_set(small, records, pairs, name="small", crop_format=CropFormat((64, 64)))


@pytest.mark.slow
def test_images_of_another_size_are_trained_on_and_evaluated(tmp_path):
    write_small_faces(tmp_path / "data")
    config = ExperimentConfig().override({**SMALL, "data.directory": str(tmp_path / "data")})
    train(config, tmp_path / "run", resume=False, verbose=0)
    recognizer = load_keras(tmp_path / "run" / "recognizer.keras")
    assert recognizer.backbone.input_shape == (None, 64, 64, 3)
    verification, _ = evaluate(workdir=str(tmp_path / "run"))
    assert verification.pairs == 4


def test_pairs_of_another_size_are_refused_before_training(faces, tmp_path):
    write_small_faces(tmp_path / "data")
    pairs = str(tmp_path / "data" / "pairs" / "small")
    config = ExperimentConfig().override(
        {**SMALL, "data.directory": str(faces), "evaluation.eval_pairs": pairs}
    )
    with pytest.raises(DataError, match="are 64×64 pixels, but the model takes 112×112"):
        train(config, tmp_path / "run", resume=False, verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_run_whose_records_changed_is_not_resumed(faces, tmp_path):
    data, workdir = tmp_path / "data", tmp_path / "run"
    shutil.copytree(faces, data)
    config = ExperimentConfig().override({**SMALL, "data.directory": str(data)})
    train(config, workdir, resume=False, verbose=0)
    shutil.rmtree(data)
    write_synthetic(data, identities=5, images=6, holdout=0, workers=1)
    with pytest.raises(DataError, match=r"Cannot resume run .*: the records in .* changed"):
        train(config, workdir, resume=True, verbose=0)
    # Judging needs no training records, and knows whom the run has seen.
    shutil.rmtree(data)
    verification, _ = evaluate(workdir=str(workdir), data=str(faces), output=str(tmp_path))
    assert verification.pairs == 40
    seen = RunFolder(workdir).seen_in_training(PairSet.load(faces / "pairs" / "synthetic"))
    assert seen.claim == " on drawn faces of people never trained on"
    assert load_recognizer(workdir, "latest").head.num_classes == 6


def test_a_record_that_cannot_be_used_stops_a_run_before_it_begins(faces, tmp_path, monkeypatch):
    data = tmp_path / "data"
    shutil.copytree(faces, data)
    for shard in data.glob("*.tfrecord"):
        shard.write_bytes(shard.read_bytes()[:-1])
    # As if only records were damaged that the preflight's sample does not hold.
    module = sys.modules["facerec_tf.experiment.train"]
    monkeypatch.setattr(module, "preflight", lambda *_, **__: [])
    config = ExperimentConfig().override({**SMALL, "data.directory": str(data)})
    with pytest.raises(DataError, match=r"Record \d of '.*tfrecord' is corrupt"):
        train(config, tmp_path / "run", resume=False, verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "recipe", sorted((ROOT / "experiments").glob("*.flags")), ids=lambda p: p.stem
)
def test_recipes_hold_flags_that_exist(recipe, command):
    tunes = "--head_init" in recipe.read_text()
    missing = ["--data=nowhere", *(["--pretrained=nowhere.keras"] if tunes else [])]
    result = command("train", f"--flagfile={recipe}", *missing, cwd="/")
    assert result.returncode == 1
    assert "nowhere" in result.stderr


def test_the_lfw_recipes_differ_in_nothing_but_the_loss():
    cosface, softmax = (
        {
            line
            for line in (ROOT / "experiments" / name).read_text().splitlines()
            if line.startswith("--")
        }
        for name in ("lfw_cpu.flags", "lfw_cpu_softmax.flags")
    )
    assert cosface - softmax == {"--loss=cosface", "--s=32", "--m=0.2"}
    assert softmax - cosface == {"--loss=softmax"}
