"""Hyperparameters are shown by `repr`, and cannot change once a layer is built."""

import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.hyperparameters import hyperparameters
from tests.conformance.cases import EMBEDDING_SIZE, every_class, make


def built(name, options):
    layer = make(name, options)
    if not layer.built:
        layer.build((None,), (None, EMBEDDING_SIZE))
    return layer


@every_class
def test_repr_shows_them(name, options):
    layer = built(name, options)
    for parameter in hyperparameters(type(layer)):
        assert f" {parameter}={getattr(layer, parameter)!r}," in repr(layer)


@every_class
def test_they_are_fixed_once_the_layer_is_built(name, options):
    layer = built(name, options)
    before = layer.get_config()
    for parameter in hyperparameters(type(layer)):
        with pytest.raises(ArgumentError, match=f"'{parameter}' of .* cannot change after"):
            setattr(layer, parameter, 0.25)
    assert layer.get_config() == before
    layer.trainable = False  # Other attributes may change.
