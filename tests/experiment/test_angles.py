"""The angles of real runs: which rows hold them, that they are right, that a resumed run agrees."""

import csv
import math
import shutil

import numpy as np
import pytest

from facerec_tf import margins
from facerec_tf.backbones import iresnet
from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import ArgumentError
from facerec_tf.data.sample import Sample, sample_images
from facerec_tf.evaluation import angle_statistics
from facerec_tf.experiment import load_keras, train
from facerec_tf.experiment.angles import COLUMNS, AngleProbe
from facerec_tf.experiment.angles import angles as make_measurement
from facerec_tf.experiment.measured_run import MeasuredRun
from facerec_tf.losses import Triplet
from facerec_tf.models import Recognizer
from facerec_tf.training import make_strategy
from tests.experiment.test_train import write_small_faces

SMALL = {
    "model.backbone": "iresnet_nano",
    "model.embedding_size": 16,
    "training.batch_size": 4,
    "training.max_steps": 6,
    "training.log_every": 1,
    "training.checkpoint_every": 4,
    "evaluation.eval_every": 100,
}
IMAGES = np.random.default_rng(0).integers(0, 256, (10, 16, 16, 3), np.uint8)
SAMPLE = Sample(IMAGES, np.repeat([0, 2, 4], [4, 4, 2]).astype(np.int32))


def rows(workdir):
    with open(workdir / "metrics.csv", newline="") as file:
        return {int(row["step"]): row for row in csv.DictReader(file)}


def angles(workdir):
    return {step: [row[name] for name in COLUMNS] for step, row in rows(workdir).items()}


def make_recognizer(objective):
    backbone = iresnet((1,), (8,), embedding_size=4, dropout=0.5, input_shape=(16, 16, 3))
    return Recognizer(backbone, objective)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    directory = tmp_path_factory.mktemp("angles") / "data"
    write_small_faces(directory)
    return directory


@pytest.fixture(scope="module")
def finished(data, tmp_path_factory):
    """Folder of a run of one and a half epochs of four steps."""
    config = ExperimentConfig().override({**SMALL, "data.directory": str(data)})
    train(config, workdir := tmp_path_factory.mktemp("angles") / "run", resume=False, verbose=0)
    return workdir


def test_angles_are_measured_once_an_epoch_and_at_the_end(finished):
    found = angles(finished)
    assert list(found) == [1, 2, 3, 4, 5, 6]
    assert [step for step, values in found.items() if values[0]] == [4, 6]
    assert all(values == [""] * 6 for step, values in found.items() if step not in (4, 6))
    for name in ("target_angle", "w_ec", "w_inter", "intra", "inter"):
        assert 0 < float(rows(finished)[4][f"{name}_degrees"]) < 180


def test_the_last_angles_are_those_of_the_finished_recognizer(finished, data):
    recognizer = load_keras(finished / "recognizer.keras")
    sample = sample_images(data, seed=0)
    assert sorted(sample.labels.tolist()) == np.repeat(range(4), 4).tolist()
    embeddings = recognizer(sample.images, training=False).numpy()
    expected = angle_statistics(embeddings, sample.labels, recognizer.head).in_degrees()
    for name, value in expected.items():
        assert float(rows(finished)[6][name]) == pytest.approx(value, abs=0.01), name


def test_a_resumed_run_measures_the_same(finished, tmp_path):
    resumed = tmp_path / "run"
    shutil.copytree(finished, resumed)
    shutil.rmtree(resumed / "checkpoints" / "step-00000006")
    config = ExperimentConfig.from_json((resumed / "config.json").read_text())
    train(config, resumed, resume=True, verbose=0)
    assert angles(resumed) == angles(finished)


@pytest.mark.slow
def test_a_loss_on_embeddings_leaves_what_needs_a_head_empty(data, tmp_path):
    changes = {"data.directory": str(data), "model.loss": "triplet", "evaluation.angles_every": 5}
    config = ExperimentConfig().override({**SMALL, **changes})
    config = config.override({"data.images_per_identity": 2})
    train(config, tmp_path / "run", resume=False, verbose=0)
    found = angles(tmp_path / "run")
    assert [step for step, values in found.items() if any(values)] == [5, 6]
    assert found[5][:4] == [""] * 4
    assert all(0 < float(value) < 180 for value in found[5][4:])


def measurement_of(directory, angles_every=None):
    config = ExperimentConfig().override({**SMALL, "evaluation.angles_every": angles_every})
    recognizer = make_recognizer(Triplet())
    return make_measurement(MeasuredRun(config, directory, recognizer, 4, pairs=None))


@pytest.mark.parametrize(("angles_every", "every"), [(None, 4), (3, 3)])
def test_the_interval_is_an_epoch_by_default(data, angles_every, every):
    measurement = measurement_of(data, angles_every)
    assert measurement.every == every
    assert measurement.columns == COLUMNS
    assert measurement.tensorboard_group == "angles/"


def test_a_run_without_angles_reads_no_images():
    measurement = measurement_of("nowhere", angles_every=0)
    assert (measurement.every, measurement.columns) == (None, COLUMNS)
    with pytest.raises(ArgumentError, match="'angles_every' must be an integer of at least 0"):
        measurement_of("nowhere", angles_every=-1)


@pytest.mark.parametrize("loss", sorted(margins.MARGINS))
def test_every_head_can_be_measured(loss):
    recognizer = make_recognizer(margins.get(loss, num_classes=6))
    statistics = AngleProbe(recognizer, SAMPLE)()
    expected = recognizer.target_angles(recognizer(IMAGES, training=False), SAMPLE.labels)
    np.testing.assert_allclose(statistics.target_angles, expected, atol=1e-3)
    # Of every class the nearest other centre, among all columns.
    directions = recognizer.head.centres.numpy() / np.linalg.norm(recognizer.head.centres, axis=0)
    if directions.shape[1] == 6:
        cosines = directions.T @ directions - 2 * np.eye(6)
        nearest = np.arccos(cosines.max(axis=1))[[0, 2, 4]]
        assert statistics.w_inter == pytest.approx(nearest.mean(), abs=1e-3)
    for value in statistics.in_degrees().values():
        assert math.isfinite(value)


def test_without_a_head_a_probe_measures_embeddings():
    statistics = AngleProbe(make_recognizer(Triplet()), SAMPLE)()
    assert set(statistics.in_degrees()) == {"intra_degrees", "inter_degrees"}
    assert statistics.target_angles is None


def test_a_probe_sees_the_weights_as_they_change():
    recognizer = make_recognizer(margins.get("arcface", num_classes=6))
    probe = AngleProbe(recognizer, SAMPLE)
    before = probe()
    assert probe() == before
    recognizer.head.centres.assign(-recognizer.head.centres)
    assert probe().target_angle == pytest.approx(math.pi - before.target_angle)


def test_a_diverged_recognizer_is_measured():
    recognizer = make_recognizer(margins.get("arcface", num_classes=6))
    for weight in recognizer.backbone.trainable_weights:
        weight.assign(np.full(weight.shape, np.nan))
    assert math.isnan(AngleProbe(recognizer, SAMPLE)().target_angle)


@pytest.mark.parametrize("loss", ["arcface", "subcenter_arcface", "coco"])
def test_mirrored_weights_are_measured_as_any(loss):
    with make_strategy("mirrored").scope():
        recognizer = make_recognizer(margins.get(loss, num_classes=6))
        statistics = AngleProbe(recognizer, SAMPLE)()
    alone = make_recognizer(margins.get(loss, num_classes=6))
    alone.set_weights(recognizer.get_weights())
    expected = AngleProbe(alone, SAMPLE)().in_degrees()
    for name, value in statistics.in_degrees().items():
        assert value == pytest.approx(expected[name], abs=0.01), name
