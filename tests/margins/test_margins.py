"""The table of heads and its lookup."""

import keras
import pytest

from facerec_tf import margins
from facerec_tf.core.errors import ArgumentError


def test_table_and_classes_agree():
    for name, margin in margins.MARGINS.items():
        assert margin.__name__.lower() == name.replace("_", "")
        assert isinstance(margins.get(name, num_classes=3), margin)


def test_get_takes_options_configs_and_instances():
    head = margins.get("arcface", num_classes=3, s=30.0, m=0.2)
    assert (head.num_classes, head.s, head.m) == (3, 30.0, 0.2)
    assert margins.get(head) is head
    again = margins.get(keras.saving.serialize_keras_object(head))
    assert again.get_config() == head.get_config()


@pytest.mark.parametrize(("typo", "meant"), [("arcfac", "arcface"), ("CosFace", "cosface")])
def test_unknown_name_lists_the_known_and_the_nearest(typo, meant):
    with pytest.raises(ArgumentError) as caught:
        margins.get(typo, num_classes=3)
    assert f"Did you mean '{meant}'?" in str(caught.value)
    assert all(name in str(caught.value) for name in margins.MARGINS)


def test_another_type_is_refused():
    with pytest.raises(ArgumentError, match="'identifier' must be a name"):
        margins.get(3)
    with pytest.raises(ArgumentError, match="'kwargs' must be empty"):
        margins.get(margins.ArcFace(3), s=30.0)


def test_hyperparameters_are_the_constructors():
    assert margins.hyperparameters(margins.Softmax) == {}
    assert margins.hyperparameters(margins.NormFace) == {"s": 64.0}
    assert margins.hyperparameters(margins.CosFace) == {"s": 64.0, "m": 0.35}
    assert margins.hyperparameters(margins.ArcFace) == {
        "s": 64.0,
        "m": 0.5,
        "easy_margin": False,
        "gradient": "exact",
    }


@pytest.mark.parametrize(("name", "option"), [("softmax", "s"), ("cosface", "gradient")])
def test_an_option_that_would_do_nothing_is_no_argument(name, option):
    with pytest.raises(TypeError, match=option):
        margins.get(
            name, num_classes=3, **{option: margins.hyperparameters(margins.ArcFace)[option]}
        )
