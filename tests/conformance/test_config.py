"""A head rebuilt from its configuration is the same head."""

import inspect

import keras

from facerec_tf import margins
from tests.conformance.cases import every_margin, make


@every_margin
def test_round_trip(name, options):
    head = make(name, options, name="head")
    config = head.get_config()
    assert type(head).from_config(config).get_config() == config
    for parameter in inspect.signature(type(head)).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:
            expected = {"num_classes": 10, **margins.hyperparameters(type(head)), **options}
            assert config[parameter.name] == expected[parameter.name]


@every_margin
def test_serialised_form_is_an_identifier(name, options):
    head = make(name, options)
    rebuilt = margins.get(keras.saving.serialize_keras_object(head))
    assert type(rebuilt) is type(head)
    assert rebuilt.get_config() == head.get_config()
