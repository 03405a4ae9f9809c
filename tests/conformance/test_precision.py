"""Heads compute in float32 under every global policy, and in float64 when told to."""

import keras
import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from tests.conformance.cases import every_margin, make


@pytest.fixture(params=["mixed_float16", "mixed_bfloat16"])
def policy(request):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_dtype_policy(before)


@every_margin
def test_float32_under_mixed_policies(name, options, batch, policy):
    embeddings, labels = batch
    half = embeddings.astype("float16")
    head = make(name, options)
    logits = head(half, labels)
    assert all(w.dtype == "float32" for w in head.trainable_weights)
    assert logits.dtype == "float32"
    np.testing.assert_array_equal(logits, head(half.astype("float32"), labels))


@every_margin
def test_float64_on_request(name, options, batch):
    embeddings, labels = batch
    head = make(name, options, dtype="float64")
    single = make(name, options)
    for to, source in zip(single.trainable_weights, head.trainable_weights, strict=True):
        to.assign(source)
    assert head(embeddings, labels).dtype == "float64"
    np.testing.assert_allclose(head(embeddings, labels), single(embeddings, labels), atol=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
def test_half_precision_is_refused(dtype):
    with pytest.raises(ArgumentError, match=f"'dtype' must be 'float32' or 'float64'.*{dtype}"):
        make("arcface", {}, dtype=dtype)
