"""What is rebuilt from its configuration is the same."""

import inspect

import keras

from facerec_tf import losses, margins
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.models import Objective
from tests.conformance.cases import every_class, every_variant, make, make_objective


@every_variant
def test_round_trip(name, options):
    layer = make(name, options, name="layer")
    config = layer.get_config()
    assert type(layer).from_config(config).get_config() == config
    for parameter in inspect.signature(type(layer)).parameters.values():
        if parameter.kind is not parameter.VAR_KEYWORD:
            expected = {"num_classes": 10, **hyperparameters(type(layer)), **options}
            meant = expected[parameter.name]
            # A default of None may stand for one that depends on another parameter.
            if meant is None and parameter.name not in options:
                meant = getattr(layer, parameter.name)
            assert config[parameter.name] == meant


@every_variant
def test_serialised_form_is_an_identifier(name, options):
    layer = make(name, options)
    table = margins if name in margins.MARGINS else losses
    rebuilt = table.get(keras.saving.serialize_keras_object(layer))
    assert type(rebuilt) is type(layer)
    assert rebuilt.get_config() == layer.get_config()


@every_class
def test_objective_round_trip(name, options):
    objective = make_objective(name, options)
    config = objective.get_config()
    assert Objective.from_config(config).get_config() == config
