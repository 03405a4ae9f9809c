"""The one namespace of training's flags: collisions are refused when the table is built."""

import pytest
from absl import flags as absl_flags

from facerec_tf import flags
from facerec_tf.core.errors import ArgumentError
from facerec_tf.margins import MARGINS, CosFace
from facerec_tf.models import objective


@pytest.fixture
def define(monkeypatch):
    """Returns a function that defines training's flags with one head more, and removes them."""
    before = set(absl_flags.FLAGS)

    def run(head):
        table = {**objective.MAIN_LOSSES, "mine": head}
        monkeypatch.setattr(flags, "MAIN_LOSSES", table)
        flags.define_training_flags()

    yield run
    for name in set(absl_flags.FLAGS) - before:
        delattr(absl_flags.FLAGS, name)


def head_with(**defaults):
    """A head whose constructor has these parameters beside CosFace's."""
    parameters = ", ".join(f"{name}={default!r}" for name, default in defaults.items())
    namespace = {"CosFace": CosFace}
    exec(  # A signature cannot be made of variables otherwise.
        f"class Mine(CosFace):\n"
        f"    source = 'a test'\n"
        f"    def __init__(self, num_classes, s=64.0, m=0.35, {parameters}, **kwargs): ...\n",
        namespace,
    )
    return namespace["Mine"]


@pytest.mark.parametrize("name", ["seed", "epochs", "decay_power", "workdir", "v"])
def test_a_parameter_called_like_another_flag(define, name):
    message = f"Parameter '{name}' of loss 'mine' collides with the flag --{name}: .*Rename"
    with pytest.raises(ArgumentError, match=message):
        define(head_with(**{name: 1.0}))


def test_a_parameter_called_like_one_of_a_backbone(define):
    message = "'scale' of backbone 'mobilefacenet' collides with the parameter of loss 'mine'"
    with pytest.raises(ArgumentError, match=message):
        define(head_with(scale=1))


@pytest.mark.parametrize("default", [3, "three", True])
def test_a_default_of_another_type(define, default):
    kind = type(default).__name__
    message = (
        f"Parameter 't' must have defaults of one type .* float in '[a-z0-9_]+', {kind} in 'mine'"
    )
    with pytest.raises(ArgumentError, match=message):
        define(head_with(t=default))


def test_a_parameter_of_its_own_becomes_a_flag(define):
    define(head_with(sharpness=2))
    assert absl_flags.FLAGS["sharpness"].help == "Parameter of mine (2)."
    assert absl_flags.FLAGS["sharpness"].flag_type() == "int"
    assert "mine" not in MARGINS
