import subprocess
import sys

import pytest

import facerec_tf


def test_every_public_name_is_there():
    for name in facerec_tf.__all__:
        assert getattr(facerec_tf, name) is not None
    assert set(facerec_tf.__all__) == set(dir(facerec_tf))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = facerec_tf.nonsense


def test_the_public_names_are_these():
    assert set(facerec_tf.__all__) == {
        "BACKBONES",
        "LOSSES",
        "MARGINS",
        "Auxiliary",
        "Embedder",
        "EmbeddingLoss",
        "ExperimentConfig",
        "MarginLayer",
        "Objective",
        "Recognizer",
        "UserError",
        "__version__",
    }


def test_importing_the_package_does_not_load_tensorflow():
    code = "import sys, facerec_tf; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_an_old_tensorflow_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda package: "2.15.1")
    with pytest.raises(ImportError, match=r"tensorflow 2\.15\.1 .*pip install 'tensorflow>=2\.20'"):
        facerec_tf._require("tensorflow", (2, 20))
