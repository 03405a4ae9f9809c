import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import BatchNorm
from facerec_tf.training import make_strategy
from tests.tolerance import LAYER, assert_close

INPUTS = np.random.default_rng(0).normal(3.0, 2.0, (8, 5, 5, 4)).astype(np.float32)


@pytest.mark.parametrize("shape", [(8, 5, 5, 4), (200, 4)])
@pytest.mark.parametrize("scale", [True, False])
def test_training_normalises_by_the_batch_and_tracks_it(shape, scale):
    x = INPUTS.reshape(shape)
    layer = BatchNorm(momentum=0.9, epsilon=1e-3, scale=scale)
    outputs = layer(x, training=True)
    axes = tuple(range(len(shape) - 1))
    mean, variance = x.mean(axes), x.var(axes)
    assert_close(outputs, (x - mean) / np.sqrt(variance + 1e-3), LAYER)
    unbiased = x.var(axes, ddof=1)
    assert_close(layer.moving_mean, 0.1 * mean, LAYER)
    assert_close(layer.moving_variance, 0.9 + 0.1 * unbiased, LAYER)
    expected = (x - 0.1 * mean) / np.sqrt(0.9 + 0.1 * unbiased + 1e-3)
    assert_close(layer(x, training=False), expected, LAYER)


def test_gradients_equal_those_of_keras():
    ours, theirs = BatchNorm(epsilon=1e-3), keras.layers.BatchNormalization(epsilon=1e-3)
    x, weights = (
        tf.constant(INPUTS),
        tf.constant(np.random.default_rng(1).normal(size=INPUTS.shape)),
    )
    gradients = []
    for layer in (ours, theirs):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(tf.cast(layer(x, training=True), tf.float64) * weights)
        gradients.append(tape.gradient(loss, [x, *[v.value for v in layer.trainable_weights]]))
    for a, b in zip(*gradients, strict=True):
        assert_close(a, b, LAYER)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes_keep(dtype):
    layer = BatchNorm(dtype=f"mixed_{dtype}" if dtype != "float64" else "float64")
    outputs = layer(tf.cast(INPUTS, dtype), training=True)
    assert outputs.dtype == dtype
    np.testing.assert_allclose(tf.cast(outputs, tf.float32).numpy().mean(), 0.0, atol=1e-2)
    assert layer(tf.cast(INPUTS, dtype), training=False).dtype == dtype


def test_a_frozen_layer_uses_and_keeps_its_statistics():
    layer = BatchNorm()
    layer.build(INPUTS.shape)
    layer.trainable = False
    np.testing.assert_allclose(layer(INPUTS, training=True), INPUTS, atol=1e-3)
    np.testing.assert_array_equal(layer.moving_mean, np.zeros(4))


def test_two_replicas_normalise_as_one():
    one = BatchNorm()
    expected = one(INPUTS, training=True)
    strategy = make_strategy("mirrored")
    with strategy.scope():
        two = BatchNorm()
        two.build(INPUTS.shape)

    @tf.function
    def run(halves):
        return strategy.run(lambda x: two(x, training=True), args=(halves,))

    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(INPUTS, 2)[context.replica_id_in_sync_group])
    )
    outputs = np.concatenate(strategy.experimental_local_results(run(halves)))
    assert_close(outputs, expected, LAYER)
    for ours, theirs in (
        (two.moving_mean, one.moving_mean),
        (two.moving_variance, one.moving_variance),
    ):
        copies = [v.numpy() for v in strategy.experimental_local_results(ours.value)]
        np.testing.assert_array_equal(copies[0], copies[1])
        assert_close(copies[0], theirs.numpy(), LAYER)


def test_keras_file_round_trip(tmp_path):
    model = keras.Sequential([keras.Input((5, 5, 4)), BatchNorm(scale=False)])
    model(INPUTS, training=True)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(INPUTS), model(INPUTS))
