import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones.l2_pooling import L2Pooling
from facerec_tf.core.errors import ArgumentError

RNG = np.random.default_rng(0)


def formula(x, size):
    height, width = x.shape[1:3]
    edge = size // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge), (0, 0)))
    shifted = [padded[:, r : r + height, c : c + width] for r in range(size) for c in range(size)]
    return np.sqrt(np.sum(np.square(shifted), axis=0))


@pytest.mark.parametrize("size", [1, 3, 5])
def test_formula(size):
    x = RNG.normal(size=(2, 5, 4, 3))
    np.testing.assert_allclose(L2Pooling(size)(x.astype("float32")), formula(x, size), rtol=1e-5)


def test_gradient_at_zero_is_finite():
    x = np.zeros((1, 4, 4, 1), np.float32)
    x[0, 0, 0] = 2.0
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = L2Pooling()(x)
    gradient = tape.gradient(y, x).numpy()[0, ..., 0]
    # The pixel is the norm of the four windows it lies in; the others are 0, as are their slopes.
    expected = np.zeros((4, 4))
    expected[0, 0] = 4.0
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


def test_float16_features_past_256_do_not_overflow():
    x = 1000 * RNG.normal(size=(1, 5, 4, 3))
    outputs = L2Pooling(dtype="mixed_float16")(x.astype("float16"))
    assert outputs.dtype == "float16"
    np.testing.assert_allclose(outputs, formula(x, 3), rtol=0.01)


def test_configuration():
    layer = L2Pooling(5)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert again.size == 5
    with pytest.raises(ArgumentError, match="'size' must be odd"):
        L2Pooling(2)
