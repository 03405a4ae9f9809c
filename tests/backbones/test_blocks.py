import keras
import numpy as np
import pytest

from facerec_tf.backbones import blocks
from facerec_tf.core.errors import ArgumentError
from tests.backbones.convolution import convolve
from tests.tolerance import LAYER, assert_close


@pytest.mark.parametrize(("stride", "size"), [(1, 6), (2, 6), (2, 7)])
def test_padding_is_the_same_on_both_sides(stride, size):
    rng = np.random.default_rng(stride)
    inputs = keras.Input((size, size, 2))
    model = keras.Model(inputs, blocks.conv(inputs, 3, 3, "c", stride=stride, padding=1))
    image = rng.normal(size=(size, size, 2)).astype(np.float32)
    kernel = rng.normal(size=(3, 3, 2, 3)).astype(np.float32)
    model.set_weights([kernel])
    expected = convolve(image, kernel, stride, (1, 1))
    assert_close(model(image[None])[0], expected, LAYER)


@pytest.mark.parametrize(
    ("kernel", "padding"), [((1, 5), (0, 2)), ((5, 1), (2, 1)), ((2, 3), 0), (3, (1, 0))]
)
def test_kernels_need_not_be_square(kernel, padding):
    rng = np.random.default_rng(0)
    inputs = keras.Input((6, 7, 2))
    outputs = blocks.conv(inputs, 3, kernel, "c", padding=padding, use_bias=True)
    model = keras.Model(inputs, outputs)
    image = rng.normal(size=(6, 7, 2)).astype(np.float32)
    weights = [rng.normal(size=w.shape).astype(np.float32) for w in model.weights]
    model.set_weights(weights)
    padding = padding if isinstance(padding, tuple) else (padding, padding)
    expected = convolve(image, weights[0], 1, padding) + weights[1]
    assert_close(model(image[None])[0], expected, LAYER)


def test_batch_norm_has_the_constants_of_arcface_or_those_given():
    inputs = keras.Input((4,))
    model = keras.Model(inputs, blocks.batch_norm(blocks.batch_norm(inputs, "a"), "b", epsilon=1))
    first, second = model.layers[1:]
    assert (first.momentum, first.epsilon) == (0.9, 2e-5)
    assert (second.momentum, second.epsilon) == (0.9, 1)


def test_pixels_are_scaled_inside():
    inputs, scaled = blocks.image_input((2, 2, 3))
    model = keras.Model(inputs, scaled)
    pixels = np.array([[[[0] * 3, [255] * 3], [[127] * 3, [128] * 3]]], np.uint8)
    expected = (pixels.astype(np.float32) - 127.5) / 127.5
    np.testing.assert_allclose(model(pixels), expected, atol=1e-6)


def test_shares_end_before_one():
    blocks.check_rate("dropout", 0)
    for value in (-0.1, 1.0, "half"):
        with pytest.raises(ArgumentError, match="'dropout' must be at least 0 and below 1"):
            blocks.check_rate("dropout", value)
