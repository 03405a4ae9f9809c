"""Two replicas with shares of a batch compute what one device does with the whole."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.training import make_strategy
from tests.conformance.cases import every_variant, make_objective

#: Rows of the first replica in each step: half of the batch, more, and all of it.
FIRST_SHARES = (4, 5, 8)


@pytest.fixture(scope="module")
def strategy():
    return make_strategy("mirrored")


def value_and_slopes(objective, embeddings, labels, replicas):
    with tf.GradientTape() as tape:
        tape.watch(embeddings)
        loss = objective(labels, embeddings, training=True) / replicas
    sources = [w.value for w in objective.trainable_weights]
    slopes = tape.gradient(loss, [embeddings, *sources], unconnected_gradients="zero")
    return loss, slopes[0], slopes[1:]


@every_variant
def test_replicas_equal_one_device(name, options, batch, strategy):
    embeddings, labels = map(tf.constant, batch)
    single = make_objective(name, options)
    with strategy.scope():
        double = make_objective(name, options)
    for to, source in zip(double.weights, single.weights, strict=True):
        to.assign(source)

    @tf.function
    def on_two(first):
        def replica():
            is_first = tf.distribute.get_replica_context().replica_id_in_sync_group == 0
            rows = tf.range(8)[:first] if is_first else tf.range(8)[first:]
            return value_and_slopes(
                double, tf.gather(embeddings, rows), tf.gather(labels, rows), replicas=2
            )

        loss, on_embeddings, on_weights = strategy.run(replica)
        shares = strategy.experimental_local_results(on_embeddings)
        loss, on_weights = tf.nest.map_structure(
            lambda x: strategy.reduce("SUM", x, axis=None), (loss, on_weights)
        )
        return loss, tf.concat(shares, axis=0), on_weights

    on_one = tf.function(lambda: value_and_slopes(single, embeddings, labels, replicas=1))
    for first in FIRST_SHARES:
        expected, actual = on_one(), on_two(tf.constant(first))
        for ours, theirs in zip(tf.nest.flatten(actual), tf.nest.flatten(expected), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * np.abs(theirs).max())
    for ours, theirs in zip(
        double.non_trainable_weights, single.non_trainable_weights, strict=True
    ):
        copies = [c.numpy() for c in strategy.experimental_local_results(ours.value)]
        np.testing.assert_array_equal(*copies)
        np.testing.assert_allclose(copies[0], theirs.numpy(), rtol=1e-5, atol=1e-6)


def test_replicas_count_one_step_together(batch, strategy):
    embeddings, labels = map(tf.constant, batch)
    with strategy.scope():
        head = make_objective("sphereface", {}).head
    run = tf.function(
        lambda training: strategy.run(head, (embeddings, labels), {"training": training})
    )
    for training in (True, True, False, True):
        run(training)
    copies = strategy.experimental_local_results(head.step.value)
    assert [int(copy) for copy in copies] == [3, 3]
