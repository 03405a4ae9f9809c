"""Vectors scaled to unit length, and those that have no direction."""

import numpy as np
import pytest

from facerec_tf.evaluation import unit_length


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_length_is_one_and_directions_stay(shape, dtype):
    vectors = np.random.default_rng(0).normal(size=shape).astype(dtype)
    units = unit_length(vectors)
    assert units.dtype == np.float64
    np.testing.assert_allclose(np.sum(units**2, axis=-1), 1.0, rtol=1e-12)
    lengths = np.sum(units * vectors, axis=-1, keepdims=True)
    np.testing.assert_allclose(units * lengths, vectors.astype(np.float64), rtol=1e-12)


def test_zero_stays_zero_and_what_is_not_finite_becomes_nan():
    units = unit_length(np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1e-150, 0.0]]))
    assert units[0].tolist() == [0.0, 0.0]
    assert np.isnan(units[1]).all()
    assert np.isnan(units[2, 0])
    assert units[3].tolist() == [1.0, 0.0]


def test_vectors_that_are_not_longer_than_the_limit_become_zero():
    units = unit_length(np.array([[1e-6, 0.0], [0.0, 1.1e-6], [np.nan, 0.0]]), zero_below=1e-6)
    assert units[:2].tolist() == [[0.0, 0.0], [0.0, 1.0]]
    assert np.isnan(units[2]).all()
