import keras
import numpy as np
import tensorflow as tf

from facerec_tf.backbones import PReLU


def test_value_and_gradients_equal_those_of_keras():
    x = tf.constant(np.random.default_rng(0).normal(size=(2, 3, 3, 4)), tf.float32)
    slope = keras.initializers.Constant(0.25)
    results = []
    for layer in (PReLU, keras.layers.PReLU):
        layer = layer(alpha_initializer=slope, shared_axes=[1, 2])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = layer(x)
        results.append([y, *tape.gradient(y, [x, layer.alpha.value])])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    np.testing.assert_allclose(results[0][0], np.where(x > 0, x, 0.25 * x), rtol=1e-6)
