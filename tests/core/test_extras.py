"""An optional package that is missing, and one that is installed but broken."""

import pytest

from facerec_tf.core.errors import UserError
from facerec_tf.core.extras import load_extra


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Returns a function that installs a package `brittle` whose import runs the given code."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(code):
        (tmp_path / "brittle").mkdir()
        (tmp_path / "brittle" / "__init__.py").write_text(code)

    return install


def test_a_missing_package_is_named_with_the_command():
    expected = r"^This needs the package 'brittle': pip install 'facerec_tf\[glass\]'$"
    with pytest.raises(UserError, match=expected):
        load_extra("brittle.part", "glass")
    with pytest.raises(UserError, match=r"pip install 'facerec_tf\[brittle\]'$"):
        load_extra("brittle")


def test_a_package_that_lacks_another_names_that_one(package):
    package("import tf_keras_of_old.layers")
    expected = (
        r"^The package 'brittle' is installed, but it needs the module 'tf_keras_of_old', which is "
        r"not: pip install tf-keras-of-old$"
    )
    with pytest.raises(UserError, match=expected):
        load_extra("brittle")


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (
            "raise OSError('libcudart.so.12: cannot open\\nshared object file')",
            "OSError: libcudart.so.12: cannot open shared object file",
        ),
        ("from math import nonsense", "ImportError: cannot import name 'nonsense' from 'math'"),
        ("import math; math.nonsense", "AttributeError: module 'math' has no attribute"),
        (
            "try:\n import deep_part\nexcept ImportError:\n raise ImportError('No Keras')",
            "ImportError: No Keras, caused by ModuleNotFoundError: No module named 'deep_part'",
        ),
        ("import brittle.part", "ModuleNotFoundError: No module named 'brittle.part'"),
    ],
)
def test_a_broken_package_shows_its_cause(package, code, cause):
    package(code)
    with pytest.raises(UserError) as error:
        load_extra("brittle", "glass")
    message = str(error.value)
    assert message.startswith("The package 'brittle' is installed, but importing it failed with ")
    assert cause in message
    assert message.endswith("pip install --upgrade --force-reinstall 'facerec_tf[glass]'")
    assert "\n" not in message


def test_a_long_cause_is_cut(package):
    package("raise RuntimeError('x' * 10_000)")
    with pytest.raises(UserError) as error:
        load_extra("brittle")
    assert len(str(error.value)) < 600
