"""XLA computes what TensorFlow computes, value and gradient."""

import numpy as np
import pytest
import tensorflow as tf

from tests.conformance.cases import every_variant, make_objective
from tests.conformance.test_gradients import value_and_slopes


@pytest.mark.parametrize("size", [None, 8], ids=["any_batch", "fixed_batch"])
@every_variant
def test_compiled_equals_eager(name, options, size, batch):
    embeddings, labels = map(tf.constant, batch)
    objective = make_objective(name, options)
    expected = value_and_slopes(objective, embeddings, labels)

    signature = [tf.TensorSpec([size, embeddings.shape[1]]), tf.TensorSpec([size], tf.int32)]
    for jit_compile in (False, True):
        compiled = tf.function(
            lambda x, y: value_and_slopes(objective, x, y), signature, jit_compile=jit_compile
        )
        for ours, theirs in zip(
            tf.nest.flatten(compiled(embeddings, labels)), tf.nest.flatten(expected), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())


@every_variant
def test_a_compiled_step_moves_the_same_state(name, options, batch):
    embeddings, labels = map(tf.constant, batch)
    plain, compiled = make_objective(name, options), make_objective(name, options)
    for to, source in zip(compiled.weights, plain.weights, strict=True):
        to.assign(source)
    plain(labels, embeddings, training=True)
    step = tf.function(lambda: compiled(labels, embeddings, training=True), jit_compile=True)
    step()
    for ours, theirs in zip(compiled.weights, plain.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
