import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import iresnet, stages
from facerec_tf.config import OptimizerConfig
from facerec_tf.training import layer_rates, make_optimizer

START = np.array([[1.0, 2.0, -3.0], [2.0, -1.0, 1.0]], np.float32)
GRADIENTS = [np.array([[1.0, 2.0, 3.0], [3.0, -2.0, 1.0]], np.float32) * k for k in (1, -2, 3)]


def run(options, lr, rate=None):
    """Returns two variables after three steps; the first one has its rate scaled."""
    variables = [keras.Variable(row, name=name) for row, name in zip(START, "ab", strict=True)]
    config = OptimizerConfig(weight_decay=0.1, **options)
    rates = None if rate is None else {variables[0].path: rate}
    optimizer = make_optimizer(config, lr, variables, rates)
    for gradients in GRADIENTS:
        optimizer.apply([tf.constant(row) for row in gradients], variables)
    return [variable.numpy() for variable in variables]


@pytest.mark.parametrize(
    "options",
    [
        {"optimizer": "sgd"},
        {"optimizer": "sgd", "decay": "decoupled"},
        {"optimizer": "adamw"},
        {"optimizer": "lamb"},
    ],
    ids=str,
)
def test_a_scaled_variable_learns_as_at_a_lower_rate(options):
    scaled, untouched = run(options, 0.1, rate=0.25)
    np.testing.assert_allclose(scaled, run(options, 0.025)[0], rtol=1e-6)
    np.testing.assert_allclose(untouched, run(options, 0.1)[1], rtol=1e-6)
    assert np.abs(scaled - run(options, 0.1)[0]).max() > 1e-3


def test_rates_fall_from_the_head_to_the_image():
    backbone = iresnet((1, 1), (8, 8), embedding_size=4, input_shape=(16, 16, 3))
    rates = layer_rates(backbone, 0.5)
    found = stages(backbone)
    for stage, rate in {"stem": 0.125, "stage1": 0.25, "stage2": 0.5, "head": 1.0}.items():
        paths = [v.path for layer in found[stage] for v in layer.trainable_variables]
        assert {rates[path] for path in paths} == {rate}
    assert len(rates) == len(backbone.trainable_variables)
    assert layer_rates(backbone, 1.0) == {}
