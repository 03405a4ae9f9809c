import configparser
import contextlib
import re
import subprocess
import sys

import pytest

import facerec_tf
from facerec_tf.core import keras_private
from tests.conftest import ROOT


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
        "load",
        "load_records",
    }


def test_importing_the_package_does_not_load_tensorflow():
    code = "import sys, facerec_tf; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_importing_the_package_takes_less_than_a_tenth_of_a_second():
    code = "import time; t = time.process_time(); import facerec_tf; print(time.process_time() - t)"
    times = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(3)]
    assert min(times) < 0.1


def test_an_old_tensorflow_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda package: "2.15.1")
    with pytest.raises(ImportError, match=r"tensorflow 2\.15\.1 .*pip install 'tensorflow>=2\.20'"):
        facerec_tf._require("tensorflow", (2, 20))


@pytest.mark.parametrize(
    ("version", "is_enough"),
    [("3.12.0", False), ("3.12", False), ("3.11.3", False), ("3.12.1", True), ("3.13.0rc1", True)],
)
def test_the_third_number_of_a_version_counts(version, is_enough, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda package: version)
    expected = (
        contextlib.nullcontext()
        if is_enough
        else pytest.raises(ImportError, match=r"pip install 'keras>=3\.12\.1'")
    )
    with expected:
        facerec_tf._require("keras", (3, 12, 1))


def test_every_place_names_the_same_oldest_versions():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    required = setup["options"]["install_requires"].split()
    (lowest,) = re.findall(r"\.venv-lowest/bin/python -m pip .*", (ROOT / "Makefile").read_text())
    for package, numbers in facerec_tf._OLDEST.items():
        version = ".".join(map(str, numbers))
        assert f"{package}>={version}" in [text.partition(",")[0] for text in required]
        exact = rf"'{package}=={re.escape(version)}(\.\*)?'"
        assert re.search(exact, lowest), lowest
    # Keras before these runs code from a malicious file, or reads files that it names:
    # CVE-2025-8747 (3.11.0), -9905 and -9906 (3.11.3), -12058 (3.12.0).
    assert facerec_tf._OLDEST["keras"] >= (3, 12, 0)
    oldest = keras_private.TESTED_VERSIONS[0]
    assert oldest == ".".join(map(str, facerec_tf._OLDEST["keras"]))


def test_load_reads_a_run_and_a_file():
    run = facerec_tf.load(ROOT / "tests/golden/run", checkpoint="latest")
    assert isinstance(run, facerec_tf.Recognizer)
    file = facerec_tf.load(str(ROOT / "tests/golden/recognizer.keras"))
    assert isinstance(file, facerec_tf.Recognizer)


def test_load_says_what_is_wrong(tmp_path):
    with pytest.raises(facerec_tf.UserError, match=r"is an export, .* facerec_tf\.Embedder\('"):
        facerec_tf.load(ROOT / "tests/golden/saved_model")
    with pytest.raises(facerec_tf.UserError, match=r"missing\.keras does not exist"):
        facerec_tf.load(tmp_path / "missing.keras")
    with pytest.raises(facerec_tf.UserError, match="holds no run"):
        facerec_tf.load(tmp_path)
    with pytest.raises(facerec_tf.UserError, match="'checkpoint' must be 'final' for a file"):
        facerec_tf.load(ROOT / "tests/golden/recognizer.keras", checkpoint="best")
