"""Two replicas with half a batch each compute what one device does with the whole."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.training import make_strategy
from tests.conformance.cases import every_margin, make


@pytest.fixture(scope="module")
def strategy():
    return make_strategy("mirrored")


def gradients(head, embeddings, labels):
    with tf.GradientTape() as tape:
        logits = head(embeddings, labels, training=True)
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        loss = tf.reduce_sum(losses) / 8.0
    return loss, tape.gradient(loss, [w.value for w in head.trainable_weights])


@every_margin
def test_replicas_equal_one_device(name, options, batch, strategy):
    embeddings, labels = map(tf.constant, batch)
    single = make(name, options)
    with strategy.scope():
        double = make(name, options)
    for to, source in zip(double.weights, single.weights, strict=True):
        to.assign(source)

    @tf.function
    def on_two():
        def replica():
            rows = tf.range(4) + 4 * tf.distribute.get_replica_context().replica_id_in_sync_group
            return gradients(double, tf.gather(embeddings, rows), tf.gather(labels, rows))

        summed = strategy.run(replica)
        return tf.nest.map_structure(lambda x: strategy.reduce("SUM", x, axis=None), summed)

    on_one = tf.function(lambda: gradients(single, embeddings, labels))
    for _ in range(3):
        expected, actual = on_one(), on_two()
    for ours, theirs in zip(tf.nest.flatten(actual), tf.nest.flatten(expected), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5 * np.abs(theirs).max())
    for ours, theirs in zip(
        double.non_trainable_weights, single.non_trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


def test_replicas_count_one_step_together(batch, strategy):
    embeddings, labels = map(tf.constant, batch)
    with strategy.scope():
        head = make("sphereface", {})
    run = tf.function(
        lambda training: strategy.run(head, (embeddings, labels), {"training": training})
    )
    for training in (True, True, False, True):
        run(training)
    copies = strategy.experimental_local_results(head.step.value)
    assert [int(copy) for copy in copies] == [3, 3]
