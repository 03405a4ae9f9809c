import keras
import numpy as np
import tensorflow as tf

from facerec_tf.backbones import Dropout
from facerec_tf.training import make_strategy

ONES = np.ones((4, 1000), np.float32)


def test_on_one_device_it_is_keras_own():
    ours, theirs = Dropout(0.4, seed=7), keras.layers.Dropout(0.4, seed=7)
    for _ in range(3):
        dropped = ours(ONES, training=True)
        np.testing.assert_array_equal(dropped, theirs(ONES, training=True))
    np.testing.assert_array_equal(ours(ONES, training=False), ONES)
    np.testing.assert_array_equal(Dropout(0.0)(ONES, training=True), ONES)


def test_replicas_drop_different_features():
    strategy = make_strategy("mirrored")
    with strategy.scope():
        layer = Dropout(0.4, seed=7)
    run = tf.function(lambda: strategy.run(lambda: layer(tf.constant(ONES), training=True)))
    first, again = (strategy.experimental_local_results(run()) for _ in range(2))
    masks = [mask.numpy() for mask in (*first, *again)]
    assert len({mask.tobytes() for mask in masks}) == 4
    for mask in masks:
        assert 0.35 < np.mean(mask == 0) < 0.45


def test_it_survives_a_file(tmp_path):
    inputs = keras.Input((8,))
    keras.Model(inputs, Dropout(0.3, seed=1)(inputs)).save(tmp_path / "m.keras")
    layer = keras.saving.load_model(tmp_path / "m.keras").layers[1]
    assert type(layer) is Dropout
    assert (layer.rate, layer.seed) == (0.3, 1)
