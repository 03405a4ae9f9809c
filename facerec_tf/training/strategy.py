"""Distribution strategies: the devices that train together."""

from __future__ import annotations

import functools

import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.lookup import lookup


def make_strategy(name: str = "auto") -> tf.distribute.Strategy:
    """The distribution strategy of a name.

    Args:
        name: `one_device`; `mirrored` for all GPUs, or all logical CPUs if there are no GPUs; or
            `auto`, which is `mirrored` if there are at least two GPUs and `one_device` otherwise.

    Raises:
        ArgumentError: If the name is unknown, or `mirrored` finds only one device.
    """
    return lookup({"auto": _auto, "one_device": _one, "mirrored": _mirrored}, name, "strategy")()


def _auto() -> tf.distribute.Strategy:
    return _mirrored() if len(tf.config.list_logical_devices("GPU")) > 1 else _one()


def _one() -> tf.distribute.Strategy:
    return tf.distribute.get_strategy()


def _mirrored() -> tf.distribute.Strategy:
    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        raise ArgumentError(
            f"Argument 'strategy' must be 'one_device': {devices[0].name} is the only device. "
            "Received: strategy='mirrored'"
        )
    return _mirror(tuple(device.name for device in devices))


@functools.cache
def _mirror(devices: tuple[str, ...]) -> tf.distribute.MirroredStrategy:
    # One strategy per set of devices: the collective operations of two would share their keys.
    return tf.distribute.MirroredStrategy(devices)
