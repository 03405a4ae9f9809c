"""The choice of XLA, and where a trial of it is stored."""

import json
import sys
from types import SimpleNamespace

import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import DataError
from facerec_tf.experiment import RunFolder
from facerec_tf.experiment.xla import choose_xla

AUTO = ExperimentConfig().override({"training.xla": "auto"})


@pytest.fixture
def choose(tmp_path, monkeypatch):
    """Returns a function that chooses for a run in `tmp_path`; its `trials` counts the trials."""

    def try_once(controller):
        choose.trials += 1
        return {"xla": True, "reason": f"on: trial {choose.trials}"}

    def choose(config=AUTO, replicas=1):
        trainer = SimpleNamespace(
            recognizer=SimpleNamespace(backbone=SimpleNamespace(name="network")),
            strategy=SimpleNamespace(num_replicas_in_sync=replicas),
        )
        reason = choose_xla(config, RunFolder(tmp_path), SimpleNamespace(trainer=trainer))
        return trainer.xla, reason

    choose.trials = 0
    monkeypatch.setattr(sys.modules["facerec_tf.experiment.xla"], "_measure", try_once)
    return choose


def test_the_configuration_decides_unless_it_is_auto(choose):
    for value, xla in (("on", True), ("off", False)):
        config = ExperimentConfig().override({"training.xla": value})
        assert choose(config) == (xla, None)
    assert choose(replicas=2) == (False, "off: 2 devices train together")
    assert choose.trials == 0


def test_a_trial_is_stored_for_the_same_case(choose, tmp_path):
    assert choose() == choose() == (True, "on: trial 1")
    stored = json.loads((tmp_path / "xla.json").read_text())
    assert choose(AUTO.override({"training.batch_size": 7})) == (True, "on: trial 2")
    for damage in ({**stored, "xla": "yes"}, {k: v for k, v in stored.items() if k != "reason"}):
        (tmp_path / "xla.json").write_text(json.dumps(damage))
        choose()
    assert choose.trials == 4


@pytest.mark.parametrize("text", ["", "[1]", '{"xla": tr'])
def test_a_damaged_file_is_named(choose, tmp_path, text):
    (tmp_path / "xla.json").write_text(text)
    with pytest.raises(DataError, match=r"XLA timings '.*xla\.json'"):
        choose()
