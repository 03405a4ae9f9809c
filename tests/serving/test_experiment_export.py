"""The verb `export`: forms by flag, what model.json says, and the check of what was written."""

import numpy as np
import pytest

from facerec_tf import experiment
from facerec_tf.core.errors import DataError
from facerec_tf.models import Recognizer
from facerec_tf.serving import EXPORT_FORMATS, Embedder
from tests.forked import run_forked
from tests.serving.networks import small_iresnet


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "recognizer.keras"
    Recognizer(small_iresnet(), origin={"file": "model.pth"}).save(path)
    return path


def test_a_form_is_chosen_by_flag(model, tmp_path):
    output = tmp_path / "export"
    done = run_forked(
        "facerec_tf.export", f"--model={model}", f"--output={output}", "--format=litert"
    )
    assert done.returncode == 0, done.stderr
    assert "embeddings differ by" in done.stdout
    described = Embedder(output).metadata
    assert described["form"] == "litert"
    assert described["source"] == model.name
    text = (output / "model.json").read_text()
    assert str(model.parent) not in text
    assert described["origin"] == {"file": "model.pth"}


def test_an_unknown_form_is_answered_by_the_known_ones(model, tmp_path):
    done = run_forked(
        "facerec_tf.export", f"--model={model}", f"--output={tmp_path / 'e'}", "--format=tflite"
    )
    assert done.returncode == 1
    assert "'format' must be one of litert, onnx, saved_model, xla" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("wrong", [0.5, np.nan])
def test_other_embeddings_are_not_left_behind(wrong, model, tmp_path, monkeypatch):
    form = EXPORT_FORMATS["saved_model"]
    embed = lambda crops: (np.full((len(crops), 4), wrong), None)  # noqa: E731
    monkeypatch.setattr(type(form), "load", lambda *_: embed)
    with pytest.raises(
        DataError, match=r"embeddings differ by .* \(tolerance 1e-04\); the output was deleted"
    ):
        experiment.export(tmp_path / "export", model=str(model))
    assert not (tmp_path / "export").exists()
