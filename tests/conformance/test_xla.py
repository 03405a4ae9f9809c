"""XLA computes what TensorFlow computes, value and gradient."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf import margins
from tests.conformance.cases import every_margin, make


def loss_and_gradients(head, embeddings, labels):
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        logits = head(embeddings, labels)
        loss = tf.reduce_mean(margins.cross_entropy(labels, logits))
    return logits, loss, tape.gradient(loss, [embeddings, *head.trainable_weights])


@pytest.mark.parametrize("size", [None, 8], ids=["any_batch", "fixed_batch"])
@every_margin
def test_compiled_equals_eager(name, options, size, batch):
    embeddings, labels = map(tf.constant, batch)
    head = make(name, options)
    expected = loss_and_gradients(head, embeddings, labels)

    signature = [tf.TensorSpec([size, embeddings.shape[1]]), tf.TensorSpec([size], tf.int32)]
    for jit_compile in (False, True):
        compiled = tf.function(
            lambda x, y: loss_and_gradients(head, x, y), signature, jit_compile=jit_compile
        )
        for ours, theirs in zip(
            tf.nest.flatten(compiled(embeddings, labels)), tf.nest.flatten(expected), strict=True
        ):
            np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())
