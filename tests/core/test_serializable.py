"""Keras finds the package's classes in a process that has only imported the package."""

import os
import re
import subprocess
import sys
from pathlib import Path

import keras
import pytest

import facerec_tf
from facerec_tf.backbones import BatchNorm, PReLU
from facerec_tf.core.serializable import CLASSES, DeferredClass
from facerec_tf.margins import ArcFace
from facerec_tf.models import Recognizer
from tests.conftest import ROOT

PACKAGE = Path(facerec_tf.__file__).parent


def run(code):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", code]
    process = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout.split()


def test_the_table_has_every_registered_class():
    defined = {}
    decorated = r"register_keras_serializable\(package=\"facerec_tf\"\)\nclass (\w+)"
    for path in PACKAGE.rglob("*.py"):
        if names := re.findall(decorated, path.read_text()):
            module = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
            defined[module] = tuple(names)
    assert defined == CLASSES, "Add the class to CLASSES in facerec_tf/core/serializable.py."


@pytest.mark.parametrize("module", CLASSES)
def test_every_class_is_where_the_table_says(module):
    for name in CLASSES[module]:
        deferred = DeferredClass(f"facerec_tf.{module}", name)
        assert name in repr(deferred)
        assert deferred.__module__ == "facerec_tf.core.serializable"
        loaded = keras.saving.get_registered_object(f"facerec_tf>{name}")
        assert deferred.from_config.__func__ is loaded.from_config.__func__


@pytest.mark.parametrize(
    "imports",
    [
        "import keras, facerec_tf",
        "import facerec_tf, keras",
        "import facerec_tf, tensorflow as tf; keras = tf.keras",
        "import importlib.util, facerec_tf; importlib.util.find_spec('keras'); import keras",
        "from facerec_tf.margins import ArcFace; import keras",
    ],
)
def test_load_model_in_a_fresh_process(imports, tmp_path):
    backbone = keras.Sequential([keras.Input((4, 4, 3)), BatchNorm(), keras.layers.Flatten()])
    Recognizer(backbone, ArcFace(7)).save(tmp_path / "recognizer.keras")
    code = f"""
{imports}
model = keras.models.load_model({str(tmp_path / "recognizer.keras")!r})
print(type(model).__module__, type(model.head).__module__, model.backbone.count_params())
"""
    expected = ["facerec_tf.models.recognizer", "facerec_tf.margins.arcface"]
    assert run(code) == [*expected, str(backbone.count_params())]


def test_a_users_functional_model_in_a_fresh_process(tmp_path):
    images, labels = keras.Input((8, 8, 3)), keras.Input((), dtype="int32")
    x = keras.layers.Conv2D(4, 3)(images)
    x = PReLU(shared_axes=[1, 2])(BatchNorm()(x))
    embeddings = keras.layers.Dense(5)(keras.layers.Flatten()(x))
    model = keras.Model([images, labels], ArcFace(7, s=16.0)(embeddings, labels))
    model.save(tmp_path / "mine.keras")
    code = f"""
import facerec_tf, keras
model = keras.models.load_model({str(tmp_path / "mine.keras")!r})
print(*[type(layer).__module__ for layer in model.layers if "facerec" in type(layer).__module__])
"""
    expected = ["backbones.batch_norm", "backbones.prelu", "margins.arcface"]
    assert run(code) == [f"facerec_tf.{name}" for name in expected]


def test_a_name_from_the_table_of_keras_makes_a_layer():
    code = """
import facerec_tf, keras
deferred = keras.saving.get_registered_object("facerec_tf>ArcFace")
layer = deferred(10, s=16.0)
loaded = keras.saving.get_registered_object("facerec_tf>ArcFace")
print(type(layer).__name__, layer.s, loaded.__name__)
"""
    assert run(code) == ["ArcFace", "16.0", "ArcFace"]


def test_importing_keras_imports_no_network():
    code = """
import sys, facerec_tf, keras
names = [name for name in sys.modules if name.startswith("facerec_tf.")]
print(*sorted(name for name in names if name.count(".") == 1))
"""
    assert run(code) == ["facerec_tf.core", "facerec_tf.version"]
