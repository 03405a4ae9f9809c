"""Heads and losses compute in float32 under every global policy, and in float64 when told to."""

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from tests.conformance.cases import every_margin, every_variant, make, make_objective


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@every_variant
def test_float32_under_mixed_policies(name, options, batch, policy):
    embeddings, labels = batch
    half = embeddings.astype("float16")
    objective = make_objective(name, options)
    loss = objective(labels, half)
    assert all(w.dtype == "float32" for w in objective.trainable_weights)
    assert loss.dtype == "float32"
    np.testing.assert_array_equal(loss, objective(labels, half.astype("float32")))


@every_margin
def test_float32_logits_under_mixed_policies(name, options, batch, policy):
    embeddings, labels = batch
    head = make(name, options)
    logits = head(embeddings.astype("float16"), labels)
    assert logits.dtype == "float32"


@every_variant
def test_float64_on_request(name, options, batch):
    embeddings, labels = batch
    double = make_objective(name, options, "float64")
    single = make_objective(name, options)
    for to, source in zip(single.weights, double.weights, strict=True):
        to.assign(source)
    expected = double(labels, embeddings)
    assert expected.dtype == "float64"
    np.testing.assert_allclose(single(labels, embeddings), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["arcface", "triplet"])
@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
def test_half_precision_is_refused(kind, dtype):
    with pytest.raises(ArgumentError, match=f"'dtype' must be 'float32' or 'float64'.*{dtype}"):
        make(kind, {}, dtype=dtype)
