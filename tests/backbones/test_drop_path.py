import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones.drop_path import DropPath, drop_path_rates
from facerec_tf.training import make_strategy

BRANCH = np.random.default_rng(0).uniform(1, 2, (1000, 2, 3)).astype(np.float32)


def test_samples_are_left_out_whole_and_the_rest_scaled():
    layer = DropPath(0.3, seed=1)
    outputs = layer(BRANCH, training=True).numpy()
    kept = outputs[:, 0, 0] != 0
    assert 0.65 < kept.mean() < 0.75
    np.testing.assert_allclose(outputs[kept], BRANCH[kept] / 0.7, rtol=1e-6)
    assert not outputs[~kept].any()
    assert not np.array_equal(layer(BRANCH, training=True)[:, 0, 0] != 0, kept)


def test_inference_keeps_all():
    np.testing.assert_array_equal(DropPath(0.3)(BRANCH, training=False), BRANCH)
    np.testing.assert_array_equal(DropPath(0.0)(BRANCH, training=True), BRANCH)


def test_replicas_leave_out_different_samples():
    strategy = make_strategy("mirrored")
    with strategy.scope():
        layer = DropPath(0.5, seed=7)
    run = tf.function(lambda: strategy.run(lambda: layer(tf.constant(BRANCH), training=True)))
    first, again = (strategy.experimental_local_results(run()) for _ in range(2))
    assert len({(outputs.numpy() != 0).tobytes() for outputs in (*first, *again)}) == 4


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_stays(policy):
    layer = DropPath(0.5, dtype=policy)
    outputs = layer(BRANCH, training=True)
    assert outputs.dtype == policy.removeprefix("mixed_")
    assert np.isfinite(tf.cast(outputs, tf.float32)).all()


def test_a_file_keeps_it(tmp_path):
    inputs = keras.Input((2, 3))
    keras.Model(inputs, DropPath(0.3, seed=1)(inputs)).save(tmp_path / "m.keras")
    layer = keras.saving.load_model(tmp_path / "m.keras").layers[1]
    assert type(layer) is DropPath
    assert (layer.rate, layer.seed) == (0.3, 1)


def test_rates_grow_linearly_from_zero():
    np.testing.assert_allclose(drop_path_rates(0.2, 5), [0, 0.05, 0.1, 0.15, 0.2])
    assert drop_path_rates(0.2, 1) == [0]
