"""Damaged checkpoints of a run: the latest intact one is loaded, and the damage is reported."""

import pytest

from facerec_tf.config import ExperimentConfig
from facerec_tf.core.errors import DataError
from facerec_tf.models import Recognizer
from facerec_tf.runs import RunFolder, load_recognizer
from tests.serving.networks import small_iresnet


@pytest.fixture
def run(tmp_path):
    recognizer = Recognizer(small_iresnet())
    (tmp_path / "config.json").write_text(ExperimentConfig().to_json())
    (tmp_path / "architecture.json").write_text(recognizer.to_json())
    state = {f"model/{i:04d}": v.numpy() for i, v in enumerate(recognizer.variables)}
    for step in (1, 2):
        RunFolder(tmp_path).checkpoints().save(state, step)
    return tmp_path


def state_of(run, step):
    return run / "checkpoints" / f"step-{step:08d}" / "state.json"


def test_an_older_checkpoint_is_used_with_a_warning(run, capsys):
    state_of(run, 2).write_text("")
    load_recognizer(run, "latest")
    warning = capsys.readouterr().err
    assert warning.startswith(f"warning: Checkpoint state '{state_of(run, 2)}' is not valid JSON")
    assert warning.endswith("Step 1 is used.\n")


def test_without_an_intact_checkpoint_the_damage_is_named(run):
    for step in (1, 2):
        state_of(run, step).write_text("")
    with pytest.raises(DataError, match=rf"no latest checkpoint\. .*'{state_of(run, 2)}'"):
        load_recognizer(run, "latest")


def test_damaged_variables_are_named(run):
    file = state_of(run, 2).with_name("variables.npz")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(DataError, match=r"variables\.npz is damaged: 'model/\d+\.npy' in it"):
        load_recognizer(run, "latest")


@pytest.mark.parametrize("text", ["", "[1]", "7", "[" * 10**5, '{"class_name": "Sequential"}'])
def test_a_damaged_architecture_is_named(run, text):
    (run / "architecture.json").write_text(text)
    with pytest.raises(DataError, match=r"architecture\.json'") as error:
        load_recognizer(run, "latest")
    assert len(str(error.value).splitlines()) == 1
