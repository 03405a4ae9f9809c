import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.training import Measured, Measurement
from facerec_tf.training.measurement import LOG_COLUMNS, metrics_columns


def test_columns_of_measurements_follow_those_of_every_run():
    measurements = [Measurement("a", ("x", "y")), Measurement("b", ("z",))]
    assert metrics_columns(measurements) == (*LOG_COLUMNS, "x", "y", "z")


@pytest.mark.parametrize(
    ("columns", "twice"), [([("x",), ("y", "x")], r"\['x'\]"), ([("loss",)], r"\['loss'\]")]
)
def test_a_column_that_appears_twice_is_refused(columns, twice):
    measurements = [Measurement("a", names) for names in columns]
    with pytest.raises(ArgumentError, match=f"'measurements' must be .*distinct.*{twice}"):
        metrics_columns(measurements)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ()}, "'columns' must be a tuple of at least one name"),
        ({"every": 0}, "'every' must be an integer of at least 1. Received: every=0"),
        ({"checkpoint_metric": "z"}, r"'columns' must be a tuple that contains \['z'\]"),
        ({"progress": ("z",)}, r"'columns' must be a tuple that contains \['z'\]"),
        ({"curves": ("x", "z")}, r"'columns' must be a tuple that contains \['z'\]"),
    ],
    ids=str,
)
def test_contradictions_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        Measurement(**{"name": "a", "columns": ("x",), **options})


def test_a_value_without_a_column_is_refused():
    measurement = Measurement("a", ("x",), 1, lambda: Measured({"x": 1.0, "y": 2.0}))
    with pytest.raises(ArgumentError, match=r"'columns' must be a tuple that contains \['y'\]"):
        measurement.take()
