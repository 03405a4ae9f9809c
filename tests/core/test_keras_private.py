"""Private methods of Keras: all in one module, and a missing one is reported by name."""

import ast
import importlib
import re
from pathlib import Path

import keras
import pytest

import facerec_tf
from facerec_tf.core import keras_private

#: Classes of Keras that this package subclasses or calls.
KINDS = (
    keras.layers.Layer,
    keras.Model,
    keras.losses.Loss,
    keras.optimizers.Optimizer,
    keras.Variable,
)


def test_no_other_module_uses_a_private_name_of_keras():
    private = {n for kind in KINDS for n in dir(kind) if n[0] == "_" and not n.startswith("__")}
    users = {}
    for path in Path(facerec_tf.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = getattr(node, "attr", getattr(node, "name", None))
            if name in private:
                users.setdefault(path.stem, set()).add(name)
            assert not (getattr(node, "module", None) or "").startswith("keras.src"), path
    assert users == {"keras_private": set(keras_private._OPTIMIZER_METHODS)}


def test_a_missing_method_is_reported():
    class Renamed(keras.optimizers.Optimizer):
        _use_weight_decay = None

    expected = f"Optimizer._use_weight_decay, which is missing from Keras {keras.__version__}."
    with pytest.raises(ImportError, match=re.escape(expected)):
        keras_private.require_private_methods(Renamed)


def test_a_method_with_other_parameters_is_reported():
    class Changed(keras.optimizers.Optimizer):
        def _apply_weight_decay(self, variables, rate):
            """Takes a rate, too."""

    with pytest.raises(ImportError, match=r"_apply_weight_decay, which takes other parameters in"):
        keras_private.require_private_methods(Changed)


def test_the_check_runs_at_import(monkeypatch):
    monkeypatch.setattr(keras.optimizers.Optimizer, "_get_variable_index", None)
    with pytest.raises(
        ImportError, match=r"Keras 3\.12\.1 to \S+ work: pip install 'keras>=3\.12\.1,"
    ):
        importlib.reload(keras_private)
