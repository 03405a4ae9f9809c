import keras
import numpy as np
import pytest

from facerec_tf.backbones import BatchNorm
from facerec_tf.pretrained.calibration import calibrate
from facerec_tf.pretrained.weight_plan import Folded
from tests.tolerance import LAYER, NETWORK, assert_close

RNG = np.random.default_rng(0)
#: 40 images, darker and darker: no batch has the statistics of all.
IMAGES = RNG.integers(0, 256, (40, 6, 6, 3)) * np.linspace(1, 0.1, 40)[:, None, None, None]
IMAGES = IMAGES.astype(np.uint8)


@pytest.fixture
def network():
    image = x = keras.Input((6, 6, 3))
    for number in (1, 2):
        x = keras.layers.Conv2D(4, 3, use_bias=False, name=f"conv{number}")(x)
        x = BatchNorm(name=f"bn{number}")(x)
    network = keras.Model(image, x)
    for weight in network.weights:
        weight.assign(RNG.uniform(0.1, 0.9, weight.shape))
    return network


def test_statistics_are_those_of_all_images_and_nothing_changes(network):
    expected = np.asarray(network(IMAGES.astype(np.float32)))
    calibrate(network, [Folded("conv1", "bn1"), Folded("conv2", "bn2")], IMAGES)
    for number in (1, 2):
        norm = network.get_layer(f"bn{number}")
        fed = keras.Model(network.input, norm.input)(IMAGES.astype(np.float32))
        fed = np.asarray(fed, np.float64).reshape(-1, 4)
        assert_close(norm.moving_mean, fed.mean(0), LAYER)
        assert_close(norm.moving_variance, fed.var(0), LAYER)
    actual = network(IMAGES.astype(np.float32))
    assert_close(actual, expected, NETWORK)


def test_layers_that_were_not_folded_stay(network):
    before = [np.asarray(w) for w in network.get_layer("bn1").weights]
    calibrate(network, [Folded("conv2", "bn2")], IMAGES)
    for weight, value in zip(network.get_layer("bn1").weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_without_a_gamma_there_is_nothing_to_do():
    image = keras.Input((6, 6, 3))
    network = keras.Model(image, BatchNorm(scale=False, name="bn")(image))
    calibrate(network, [Folded("none", "bn")], IMAGES)
    np.testing.assert_array_equal(network.get_layer("bn").moving_mean, np.zeros(3))
