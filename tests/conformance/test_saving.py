"""A model with a head survives `.keras` files, output and counters alike."""

import keras
import numpy as np

from tests.conformance.cases import EMBEDDING_SIZE, every_margin, make


@every_margin
def test_outputs_are_identical(name, options, batch, tmp_path):
    embeddings, labels = batch
    images = keras.Input((EMBEDDING_SIZE,))
    identities = keras.Input((), dtype="int32")
    features = keras.layers.Dense(EMBEDDING_SIZE)(images)
    model = keras.Model([images, identities], make(name, options)(features, identities))
    for _ in range(3):
        model([embeddings, labels], training=True)
    model.save(tmp_path / "model.keras")

    loaded = keras.models.load_model(tmp_path / "model.keras")

    np.testing.assert_array_equal(model([embeddings, labels]), loaded([embeddings, labels]))
    assert [w.path for w in loaded.weights] == [w.path for w in model.weights]
    for weight, restored in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(weight, restored)
