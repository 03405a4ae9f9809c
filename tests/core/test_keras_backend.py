"""Another backend than TensorFlow is refused before Keras is imported, in a process of its own."""

import json
import os
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def run(code, **variables):
    """Runs Python with these environment variables and without those of the test process."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("KERAS_")}
    environment |= {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", **variables}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def last_line(process):
    return process.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize("backend", ["torch", "jax"])
def test_the_variable_is_named(backend):
    process = run("import facerec_tf", KERAS_BACKEND=backend)
    assert process.returncode == 1
    assert last_line(process) == (
        "ImportError: facerec_tf needs the tensorflow backend of Keras, but the environment "
        f"variable KERAS_BACKEND selects '{backend}'. Remedy: set the environment variable "
        "KERAS_BACKEND=tensorflow before Python starts."
    )


@pytest.mark.parametrize("variable", ["KERAS_HOME", "HOME"])
def test_the_file_is_named(variable, tmp_path):
    folder = tmp_path if variable == "KERAS_HOME" else tmp_path / ".keras"
    folder.mkdir(exist_ok=True)
    (folder / "keras.json").write_text(json.dumps({"backend": "torch"}))
    process = run("import facerec_tf", **{variable: str(tmp_path)})
    assert process.returncode == 1
    assert f"'{folder / 'keras.json'}' selects 'torch'" in last_line(process)
    # As for Keras, the variable takes precedence.
    overridden = {variable: str(tmp_path), "KERAS_BACKEND": "tensorflow"}
    assert run("import facerec_tf", **overridden).returncode == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"backend": null}'])
def test_a_file_without_the_setting_is_ignored(text, tmp_path):
    (tmp_path / "keras.json").write_text(text)
    assert run("import facerec_tf", KERAS_HOME=str(tmp_path)).returncode == 0


def test_the_backend_of_an_imported_keras_counts():
    code = """
import sys, types
config = types.SimpleNamespace(backend=lambda: "jax")
sys.modules["keras"] = types.SimpleNamespace(config=config)
import facerec_tf
"""
    process = run(code, KERAS_BACKEND="tensorflow")
    assert process.returncode == 1
    assert "the Keras that this process has imported selects 'jax'" in last_line(process)


def test_a_backend_selected_after_the_import_is_refused_when_keras_is_imported():
    code = "import facerec_tf, os; os.environ['KERAS_BACKEND'] = 'numpy'; import keras"
    process = run(code)
    assert process.returncode == 1
    assert "variable KERAS_BACKEND selects 'numpy'" in last_line(process)
