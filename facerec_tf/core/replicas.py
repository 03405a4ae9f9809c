"""Exchange between the replicas of a strategy: batches, seeds and positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf


def gather_batch(share: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all replicas, in their order, on every replica.

    The gradient assumes that every replica computes the same loss from the whole batch and divides
    it by the number of replicas. It is then the gradient on the own rows times that number, and
    needs no second exchange.

    Args:
        share: The replica's rows `[rows, …]`; the whole batch outside a strategy.

    Returns:
        `[rows of all replicas, …]`.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return share
    if not share.dtype.is_floating:
        return replica.all_gather(share, axis=0)
    place = _place(share)

    @tf.custom_gradient
    def gather(share: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            return upstream[place] * tf.cast(replica.num_replicas_in_sync, upstream.dtype)

        return replica.all_gather(share, axis=0), gradient

    return gather(share)


def own_seed(generator: Any) -> tf.Tensor:
    """Returns a generator's next seed, int32 `[2]`, different on each replica.

    Args:
        generator: A `keras.random.SeedGenerator`, whose state is the same on all replicas.
    """
    replica = tf.distribute.get_replica_context()
    place = replica.replica_id_in_sync_group if replica else 0
    return tf.cast(generator.next(), tf.int32) + tf.stack([place, 0])


def own_rows(whole: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Returns the rows of `whole` at the positions of `share` in the result of `gather_batch`."""
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return whole
    return whole[_place(share)]


def _place(share: tf.Tensor) -> slice:
    """Returns the slice of this replica's rows in the batch of all replicas."""
    replica = tf.distribute.get_replica_context()
    rows = tf.shape(share)[0]
    # The last batch of an epoch may not divide evenly.
    all_rows = replica.all_gather(rows[tf.newaxis], axis=0)
    first = tf.reduce_sum(all_rows[: replica.replica_id_in_sync_group])
    return slice(first, first + rows)
