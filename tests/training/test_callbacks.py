"""What is recorded of a run, read back."""

import csv
import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from facerec_tf.core.errors import DataError
from facerec_tf.evaluation import AngleStatistics
from facerec_tf.experiment.angles import COLUMNS
from facerec_tf.training import Measurement, MetricsLog, TensorBoardLog

DEGREES = AngleStatistics(1.0, 0.25, 0.2, 0.3, 0.4, 0.5).in_degrees()
ANGLES = Measurement("angles", COLUMNS, tensorboard_group="angles/")


def read(directory):
    events = EventAccumulator(str(directory))
    events.Reload()
    return {
        tag: {e.step: tf.make_ndarray(e.tensor_proto) for e in events.Tensors(tag)}
        for tag in events.Tags()["tensors"]
    }


def test_the_columns_of_angles_are_the_fields_of_angle_statistics():
    assert set(DEGREES) == set(COLUMNS)
    assert len(DEGREES) == len(dataclasses.fields(AngleStatistics)) - 1


def test_tensorboard_gets_scalars_and_the_histogram_where_angles_were_measured(tmp_path):
    histograms = {}
    log = TensorBoardLog(tmp_path, [ANGLES], lambda: histograms)
    log.on_train_batch_end(0, {"step": 2.0, "epoch": 1.0, "loss": 3.0})
    histograms["target_angle_degrees"] = np.degrees([0.5, 1.0, 1.5])
    log.on_train_batch_end(1, {"step": 4.0, "epoch": 1.0, "loss": 2.0, **DEGREES})
    log.on_train_end()
    found = read(tmp_path)
    assert set(found) == {"loss", "target_angle_degrees", *(f"angles/{name}" for name in COLUMNS)}
    assert {step: float(value) for step, value in found["loss"].items()} == {2: 3.0, 4: 2.0}
    for name, value in DEGREES.items():
        ((step, written),) = found[f"angles/{name}"].items()
        assert (step, float(written)) == (4, pytest.approx(value))
    ((step, histogram),) = found["target_angle_degrees"].items()
    assert step == 4
    assert histogram[:, 2].sum() == 3
    assert (histogram[0, 0], histogram[-1, 1]) == pytest.approx((np.degrees(0.5), np.degrees(1.5)))


def test_tensorboard_needs_no_histogram(tmp_path):
    log = TensorBoardLog(tmp_path, [ANGLES])
    log.on_train_batch_end(0, {"step": 1, "intra_degrees": 30.0, "inter_degrees": 60.0})
    log.on_train_end()
    assert set(read(tmp_path)) == {"angles/intra_degrees", "angles/inter_degrees"}


def test_angles_that_are_not_finite_do_not_end_a_run(tmp_path):
    log = TensorBoardLog(tmp_path, [ANGLES], lambda: {"theta": np.array([np.nan, 1.0])})
    nan = AngleStatistics(*[float("nan")] * 6).in_degrees()
    log.on_train_batch_end(0, {"step": 1, **nan})
    log.on_train_end()
    assert np.isnan(float(read(tmp_path)["angles/intra_degrees"][1]))


def test_metrics_keep_the_columns_of_a_former_measurement(tmp_path):
    """A run may be resumed with other measurements than it was started with."""
    path = tmp_path / "metrics.csv"
    MetricsLog(path, measurements=[ANGLES]).on_train_batch_end(0, {"step": 1, **DEGREES})
    other = Measurement("length", ("length",))
    log = MetricsLog(path, resume_step=1, measurements=[other])
    log.on_train_batch_end(0, {"step": 2, "length": 3.0})
    with open(path, newline="") as file:
        first, second = csv.DictReader(file)
    assert [*first][9:] == ["length", *COLUMNS]
    assert float(first["intra_degrees"]) == pytest.approx(DEGREES["intra_degrees"])
    assert (first["length"], second["length"], second["intra_degrees"]) == ("", "3.0", "")


@pytest.mark.parametrize("error", [OSError(28, "No space left"), tf.errors.ResourceExhaustedError])
def test_tensorboard_that_cannot_be_written_is_reported_once(tmp_path, monkeypatch, capsys, error):
    def full_disk(*_):
        raise error if isinstance(error, OSError) else error(None, None, "No space left")

    log = TensorBoardLog(tmp_path, [ANGLES])
    monkeypatch.setattr(tf.summary, "scalar", full_disk)
    for step in (1, 2):
        log.on_train_batch_end(0, {"step": step, "loss": 1.0})
    log.on_train_end()
    said = capsys.readouterr().err
    assert said.count("cannot be written") == said.count("No space left") == 1


def test_a_tensorboard_folder_that_cannot_be_created_is_reported(tmp_path, capsys):
    (tmp_path / "tensorboard").write_text("a file")
    log = TensorBoardLog(tmp_path / "tensorboard")
    log.on_train_batch_end(0, {"step": 1, "loss": 1.0})
    log.on_train_end()
    assert "tensorboard' cannot be written" in capsys.readouterr().err


def test_a_row_that_was_cut_short_is_dropped(tmp_path):
    path = tmp_path / "metrics.csv"
    log = MetricsLog(path)
    for step in (1, 2):
        log.on_train_batch_end(0, {"step": step, "loss": 1.0})
    with open(path, "a") as file:
        file.write("1")  # Of step 12, which is not step 1.
    MetricsLog(path, resume_step=10)
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == ["1", "2"]


@pytest.mark.parametrize(
    "damage", ["step,loss\n1,x\n", "step,loss\n1\n", "loss\n1\n", "\0\n1,2\n", "step\n1.5\n"]
)
def test_damaged_metrics_are_named(tmp_path, damage):
    path = tmp_path / "metrics.csv"
    path.write_text(damage)
    with pytest.raises(DataError, match=r"Line 2 of metrics .*metrics\.csv' is not a row"):
        MetricsLog(path, resume_step=1)
