import keras
import numpy as np
import pytest

from facerec_tf.backbones.local_response_norm import LocalResponseNorm
from facerec_tf.core.errors import ArgumentError

RNG = np.random.default_rng(0)


def formula(x, size, alpha, beta, k):
    channels = x.shape[-1]
    windows = [slice(max(0, c - size // 2), c + size // 2 + 1) for c in range(channels)]
    energy = np.stack([np.sum(x[..., window] ** 2, axis=-1) for window in windows], axis=-1)
    return x / (k + alpha / size * energy) ** beta


@pytest.mark.parametrize("options", [(5, 1e-4, 0.75, 1.0), (3, 0.5, 0.5, 2.0)])
def test_formula(options):
    x = 50 * RNG.normal(size=(2, 3, 4, 9))
    layer = LocalResponseNorm(*options)
    np.testing.assert_allclose(layer(x.astype("float32")), formula(x, *options), rtol=1e-4)


def test_float16_features_past_256_do_not_overflow():
    x = 3000 * RNG.normal(size=(2, 3, 4, 9))
    outputs = LocalResponseNorm(dtype="mixed_float16")(x.astype("float16"))
    assert outputs.dtype == "float16"
    np.testing.assert_allclose(outputs, formula(x, 5, 1e-4, 0.75, 1.0), rtol=0.01)


def test_configuration():
    layer = LocalResponseNorm(3, 0.5, 0.5, 2.0)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert (again.size, again.alpha, again.beta, again.k) == (3, 0.5, 0.5, 2.0)
    with pytest.raises(ArgumentError, match="'size' must be odd"):
        LocalResponseNorm(4)
    with pytest.raises(ArgumentError, match="'k' must be positive"):
        LocalResponseNorm(k=0)
