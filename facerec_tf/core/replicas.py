"""What the replicas of a strategy must know of each other's share of a batch."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


def gather_batch(share: tf.Tensor) -> tf.Tensor:
    """Returns the rows of all replicas, in their order, on every replica.

    The gradient is that of a loss which every replica computes from the whole batch and divides by
    the number of replicas: what reaches the own rows, times that number. So it needs no second
    exchange.

    Args:
        share: `[rows, …]`, the same number of rows on every replica. Outside a strategy's replicas
            it is the whole batch.

    Returns:
        `[rows · replicas, …]`.
    """
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return share

    @tf.custom_gradient
    def gather(share: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradient(upstream: tf.Tensor) -> tf.Tensor:
            own = own_rows(upstream)
            return own * tf.cast(replica.num_replicas_in_sync, own.dtype)

        return replica.all_gather(share, axis=0), gradient

    return gather(share)


def own_rows(whole: tf.Tensor) -> tf.Tensor:
    """Returns this replica's rows of what `gather_batch` put together."""
    replica = tf.distribute.get_replica_context()
    if replica is None or replica.num_replicas_in_sync == 1:
        return whole
    rows = tf.shape(whole)[0] // replica.num_replicas_in_sync
    first = replica.replica_id_in_sync_group * rows
    return whole[first : first + rows]
