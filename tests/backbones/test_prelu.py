import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import PReLU
from tests.tolerance import LAYER, assert_close


def gradients(layer, x, upstream, **kwargs):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **kwargs)
    return [y, *tape.gradient(y, [x, layer.alpha.value], upstream)]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shared", [[1, 2], [1], None])
def test_value_and_gradients_equal_those_of_keras(training, shared):
    rng = np.random.default_rng(0)
    x, upstream = (tf.constant(rng.normal(size=(2, 3, 5, 4)), tf.float32) for _ in range(2))
    slope = keras.initializers.RandomUniform(0.1, 0.4, seed=1)
    ours = PReLU(alpha_initializer=slope, shared_axes=shared)
    theirs = keras.layers.PReLU(alpha_initializer=slope, shared_axes=shared)
    results = [gradients(ours, x, upstream, training=training), gradients(theirs, x, upstream)]
    for mine, keras_own in zip(*results, strict=True):
        assert mine.shape == keras_own.shape
        assert_close(mine, keras_own, LAYER)
    np.testing.assert_allclose(results[0][0], np.where(x > 0, x, ours.alpha * x), rtol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_slopes_sum_many_activations(policy):
    """The slope's gradient, a sum over 10⁵ products, keeps the precision of its summands."""
    rng = np.random.default_rng(0)
    layer = PReLU(shared_axes=[1, 2], dtype=policy)
    x = tf.cast(rng.normal(size=(8, 112, 112, 2)), layer.compute_dtype)
    upstream = 0.01 * tf.ones_like(x)
    y, along_x, along_alpha = gradients(layer, x, upstream, training=True)
    assert y.dtype == along_x.dtype == x.dtype
    assert along_alpha.dtype == tf.float32
    expected = float(upstream[0, 0, 0, 0]) * np.minimum(np.asarray(x, "float64"), 0).sum((0, 1, 2))
    np.testing.assert_allclose(np.ravel(along_alpha), expected, rtol=0.01)


def test_exported_graph_has_plain_operations():
    layer = PReLU(shared_axes=[1, 2])
    layer.build((None, 4, 4, 3))
    graph = tf.function(layer).get_concrete_function(tf.TensorSpec((None, 4, 4, 3))).graph
    assert {"SelectV2", "Mul"} <= {op.type for op in graph.get_operations()}
    assert not any("Call" in op.type for op in graph.get_operations())
