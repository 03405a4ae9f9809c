"""Training in process: two devices against one, and real faces."""

import csv

import numpy as np
import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError, DataError
from facerec_tf.experiment import load_keras, train
from tests.conftest import ROOT

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
    np.testing.assert_allclose(column(two, "loss"), column(one, "loss"), rtol=0, atol=1e-4)
    norms = [column(workdir, "gradient_norm") for workdir in (one, two)]
    np.testing.assert_allclose(*norms, rtol=1e-3)
    weights = [load_keras(w / "recognizer.keras").backbone.weights for w in (one, two)]
    for a, b in zip(*weights, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-4, err_msg=a.path)


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
        {**SMALL, "data.directory": str(faces), "model.pretrained": "missing.keras"}
    )
    with pytest.raises(DataError, match=r"missing\.keras does not exist"):
        train(config, tmp_path / "run", resume=False, verbose=0)


@pytest.mark.parametrize(
    "recipe", sorted((ROOT / "experiments").glob("*.flags")), ids=lambda p: p.stem
)
def test_recipes_hold_flags_that_exist(recipe, command):
    result = command("train", f"--flagfile={recipe}", "--data=nowhere")
    assert result.returncode == 1
    assert "nowhere" in result.stderr


def test_the_readme_names_every_loss_and_backbone():
    from facerec_tf import BACKBONES, MARGINS

    readme = (ROOT / "README.md").read_text()
    for name in (*MARGINS, "iresnet_mini", "mobilefacenet"):
        assert f"`{name}`" in readme, name
    for name in BACKBONES:
        assert name.removeprefix("iresnet") in readme, name
