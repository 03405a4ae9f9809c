from types import SimpleNamespace

import keras
import numpy as np
import pytest

from facerec_tf.config import ModelConfig
from facerec_tf.experiment.messages import advice, closing
from facerec_tf.models import Recognizer, make_objective
from facerec_tf.runs import Checkpoint, RunFolder
from facerec_tf.runs.seen_in_training import SeenInTraining


def warnings(loss, auxiliary=(), **options):
    """Warnings about a loss for 6 identities and embeddings of length 16."""
    backbone = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16)])
    model = ModelConfig(loss=loss, auxiliary=auxiliary, loss_options=options)
    return " ".join(advice(Recognizer(backbone, make_objective(model, num_classes=6))))


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (lambda: warnings("cosface", s=1.0, m=0.2), "--s=1 is below 3.2"),
        (lambda: warnings("cosface", s=64.0, m=0.6), "diverged above 0.45"),
        (lambda: warnings("ring"), "Ring does not separate identities"),
        (lambda: warnings("center", auxiliary=("ring",)), "Center does not separate identities"),
    ],
)
def test_a_loss_that_cannot_work(found, words):
    assert words in found()


@pytest.mark.parametrize(
    "found",
    [
        lambda: warnings("arcface"),
        lambda: warnings("softmax"),
        lambda: warnings("l2softmax", s=1.0),  # Its centres may be as long as it takes.
        lambda: warnings("uniface", s=1.0),  # No softmax.
        lambda: warnings("center", auxiliary=("triplet",)),
    ],
)
def test_a_loss_that_may_work(found):
    assert found() == ""


def test_results_of_checkpoints_that_metrics_do_not_have(tmp_path, monkeypatch):
    """A user may delete a damaged metrics.csv: the deviation is then known of later steps only."""
    checkpoints = [Checkpoint(tmp_path, 2, 0.9), Checkpoint(tmp_path, 4, 0.875)]
    found = SimpleNamespace(latest=lambda: checkpoints[1], best=lambda: checkpoints[0])
    values = {"verification_accuracy": 0.875, "verification_accuracy_std": 0.0125}
    metrics = {name: np.array([np.nan, value]) for name, value in values.items()}
    for name, value in (
        ("checkpoints", lambda *_: found),
        ("read_metrics", lambda *_: {"step": np.array([3.0, 4.0]), **metrics}),
        ("seen_in_training", lambda *_: SeenInTraining(1, 0, 2, 2)),
        ("records", lambda *_: tmp_path),
    ):
        monkeypatch.setattr(RunFolder, name, value)
    said = closing(RunFolder(tmp_path), SimpleNamespace(directory=tmp_path / "pairs" / "small"))
    assert "verification  87.50 ± 1.25 % at the end, 90.00 % at best (step 2)" in said
