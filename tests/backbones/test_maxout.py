import keras
import numpy as np
import pytest

from facerec_tf.backbones.maxout import Maxout
from facerec_tf.core.errors import ArgumentError


def test_formula():
    rng = np.random.default_rng(0)
    layer = Maxout(4, pieces=3)
    layer.build((None, 7))
    kernel, bias = rng.normal(size=(7, 4, 3)), rng.normal(size=(4, 3))
    layer.set_weights([kernel.reshape(7, 12), bias.ravel()])
    x = rng.normal(size=(5, 7))
    expected = np.max(np.einsum("bi,iup->bup", x, kernel) + bias, axis=-1)
    np.testing.assert_allclose(layer(x.astype("float32")), expected, rtol=1e-5)


def test_it_starts_with_outputs_as_large_as_its_inputs():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(50, 300)).astype("float32")
    outputs = Maxout(200)(x).numpy()
    assert np.mean(outputs**2) == pytest.approx(np.mean(x**2), rel=0.1)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision(policy):
    layer = Maxout(4, dtype=policy)
    assert layer(np.ones((2, 3), np.float32)).dtype == policy.removeprefix("mixed_")
    assert layer.kernel.dtype == "float32"


def test_configuration():
    layer = Maxout(4, pieces=3)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.units, again.pieces) == (4, 3)
    for options in ({"units": 0}, {"units": 4, "pieces": 0}):
        with pytest.raises(ArgumentError):
            Maxout(**options)
