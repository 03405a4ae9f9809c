"""A recognizer with any loss survives `.keras` files and SavedModels, outputs and state alike."""

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.models import Recognizer
from tests.conformance.cases import EMBEDDING_SIZE, every_class, every_variant, make_objective


def make_recognizer(name, options):
    images = keras.Input((EMBEDDING_SIZE,))
    backbone = keras.Model(images, keras.layers.Dense(EMBEDDING_SIZE)(images))
    return Recognizer(backbone, make_objective(name, options))


@every_variant
def test_keras_files(name, options, batch, tmp_path):
    images, labels = batch
    model = make_recognizer(name, options)
    for _ in range(3):
        model.objective(labels, model(images), training=True)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras")

    before, after = (m.objective(labels, m(images)) for m in (model, loaded))
    np.testing.assert_array_equal(before, after)
    assert [w.name for w in loaded.weights] == [w.name for w in model.weights]
    for weight, restored in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(weight, restored)


@every_class
def test_saved_models(name, options, batch, tmp_path):
    embeddings, labels = batch
    objective = make_objective(name, options)
    module = tf.Module()
    module.objective = objective
    signature = [tf.TensorSpec([None], tf.int32), tf.TensorSpec([None, EMBEDDING_SIZE])]
    module.judge = tf.function(lambda y, x: objective(y, x), input_signature=signature)
    tf.saved_model.save(module, tmp_path / "saved")

    loaded = tf.saved_model.load(tmp_path / "saved")

    expected = module.judge(labels, embeddings)
    np.testing.assert_array_equal(loaded.judge(labels, embeddings), expected)
