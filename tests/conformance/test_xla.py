"""XLA computes what TensorFlow computes, value and gradient."""

import numpy as np
import tensorflow as tf

from tests.conformance.cases import every_variant, make_objective
from tests.conformance.test_gradients import value_and_slopes


def assert_close(ours, theirs):
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * np.abs(other).max())


@every_variant
def test_compiled_equals_eager_and_moves_the_same_state(name, options, batch):
    """One compilation serves all: XLA takes most of the time.

    The gradient is traced for batches of unknown and of known size, without and with XLA; the
    compiled function also takes a step in training, which may change state.
    """
    embeddings, labels = map(tf.constant, batch)
    objective, plain = make_objective(name, options), make_objective(name, options)
    for to, source in zip(plain.weights, objective.weights, strict=True):
        to.assign(source)
    expected = value_and_slopes(objective, embeddings, labels)
    signature = [tf.TensorSpec([None, embeddings.shape[1]]), tf.TensorSpec([None], tf.int32)]

    @tf.function(input_signature=signature)
    def graph(x, y):
        any_batch = value_and_slopes(objective, x, y)
        x, y = tf.ensure_shape(x, embeddings.shape), tf.ensure_shape(y, labels.shape)
        return any_batch, value_and_slopes(objective, x, y)

    @tf.function(jit_compile=True)
    def compiled():
        slopes = graph(embeddings, labels)
        return slopes, objective(labels, embeddings, training=True)

    for ours in graph(embeddings, labels):
        assert_close(ours, expected)
    plain(labels, embeddings, training=True)
    both, _ = compiled()  # XLA draws other random margins: losses in training differ.
    for ours in both:
        assert_close(ours, expected)
    for ours, theirs in zip(objective.weights, plain.weights, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
