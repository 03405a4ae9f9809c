"""Gathering over two replicas, whose shares need not be of one size."""

import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.core.replicas import gather_batch, own_rows
from facerec_tf.training import make_strategy

WHOLE = np.arange(14.0).reshape(7, 2)


@pytest.mark.parametrize("first", [3, 4, 6])
def test_every_replica_sees_all_rows_and_answers_for_its_own(first):
    strategy = make_strategy("mirrored")
    shares = [WHOLE[:first], WHOLE[first:]]

    @tf.function
    def run():
        def replica():
            number = tf.distribute.get_replica_context().replica_id_in_sync_group
            share = tf.switch_case(number, [lambda s=s: tf.constant(s) for s in shares])
            share = tf.ensure_shape(share, (None, 2))
            with tf.GradientTape() as tape:
                tape.watch(share)
                whole = gather_batch(share)
                # As losses have it: the same on every replica, divided by their number.
                loss = tf.reduce_sum(whole**3) / 2.0
            return whole, tape.gradient(loss, share), own_rows(whole * 10.0, share)

        return [strategy.experimental_local_results(part) for part in strategy.run(replica)]

    wholes, gradients, owned = run()
    for share, whole, gradient, own in zip(shares, wholes, gradients, owned, strict=True):
        np.testing.assert_array_equal(whole, WHOLE)
        np.testing.assert_allclose(gradient, 3.0 * share**2)
        np.testing.assert_array_equal(own, share * 10.0)


def test_alone_the_share_is_the_whole():
    share = tf.constant(WHOLE)
    assert gather_batch(share) is share
    assert own_rows(share, share) is share
