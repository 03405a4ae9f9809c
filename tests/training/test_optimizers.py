import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.config import OptimizerConfig
from facerec_tf.training import make_optimizer

LR, MOMENTUM, DECAY = 0.1, 0.9, 0.05


def weights(name="kernel"):
    return keras.Variable(np.array([1.0, -2.0, 3.0], np.float32), name=name)


def train(config, variable, steps=5):
    optimizer = make_optimizer(config, LR, [variable])
    for step in range(steps):
        optimizer.apply([tf.constant([0.1, 0.2, -0.3]) * (step + 1)], [variable])
    return variable.numpy()


def reference(coupled, steps=5):
    """SGD with momentum as PyTorch writes it, in float64."""
    w, buffer = np.array([1.0, -2.0, 3.0]), np.zeros(3)
    for step in range(steps):
        gradient = np.array([0.1, 0.2, -0.3]) * (step + 1)
        if coupled:
            gradient = gradient + DECAY * w
        else:
            w = w - LR * DECAY * w
        buffer = MOMENTUM * buffer + gradient
        w = w - LR * buffer
    return w


@pytest.mark.parametrize("decay", ["coupled", "decoupled"])
def test_sgd_decays_as_it_says(decay):
    config = OptimizerConfig(lr=LR, momentum=MOMENTUM, weight_decay=DECAY, decay=decay)
    expected = reference(decay == "coupled")
    np.testing.assert_allclose(train(config, weights()), expected, rtol=1e-5)
    assert not np.allclose(expected, reference(decay != "coupled"), rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw", "lamb"])
@pytest.mark.parametrize("name", ["gamma", "beta", "bias", "alpha"])
def test_exempt_weights_do_not_decay(optimizer, name):
    with_decay = OptimizerConfig(optimizer=optimizer, weight_decay=DECAY, decay_exempt=True)
    without = OptimizerConfig(optimizer=optimizer, weight_decay=0.0)
    np.testing.assert_array_equal(train(with_decay, weights(name)), train(without, weights(name)))
    decayed, plain = train(with_decay, weights()), train(without, weights())
    assert not np.allclose(decayed, plain, rtol=1e-4)


def test_coupled_sgd_serialises():
    optimizer = make_optimizer(OptimizerConfig(), LR, [weights()])
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.weight_decay == optimizer.weight_decay
