"""Heads and losses compute in float32 under every global policy, and in float64 when told to."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from tests.conformance.cases import every_margin, every_variant, make, make_objective
from tests.conformance.test_gradients import value_and_slopes


@contextlib.contextmanager
def global_policy(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def rounded(embeddings, policy):
    return tf.cast(embeddings, keras.DTypePolicy(policy).compute_dtype)


every_policy = pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])


@every_policy
@every_variant
def test_a_step_in_float32_under_half_precision_policies(name, options, batch, policy):
    half, labels = rounded(batch[0], policy), tf.constant(batch[1])
    single = make_objective(name, options)
    start = single.get_weights()
    whole = tf.cast(half, "float32")
    expected, expected_slopes = value_and_slopes(single, whole, labels, training=True)

    with global_policy(policy):
        objective = make_objective(name, options)
        objective.set_weights(start)
        loss, slopes = value_and_slopes(objective, half, labels, training=True)

    floating = [w for w in objective.weights if "float" in w.dtype]
    assert {"float32"} == {x.dtype for x in floating} | {loss.dtype.name}
    np.testing.assert_array_equal(loss, expected)
    # Only what leaves for the network is rounded.
    expected_slopes[0] = tf.cast(expected_slopes[0], half.dtype)
    for ours, theirs in zip(slopes, expected_slopes, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(objective.weights, single.weights, strict=True):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), err_msg=ours.name)


@every_policy
@every_margin
def test_float32_logits_under_half_precision_policies(name, options, batch, policy):
    embeddings, labels = batch
    with global_policy(policy):
        logits = make(name, options)(rounded(embeddings, policy), labels)
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
