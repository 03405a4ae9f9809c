"""Dropout with a different mask on each replica."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.replicas import own_seed


@keras.saving.register_keras_serializable(package="facerec_tf")
class Dropout(keras.layers.Dropout):
    """Dropout (1207.0580) with a different mask on each replica of a strategy.

    Keras' seed generators have the same state on all replicas, so that its dropout uses one mask
    for all. Arguments as for `keras.layers.Dropout`, to which this is equal on one device.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns `inputs`; in training, a fraction `rate` is 0 and the rest is scaled up."""
        if not training or self.rate == 0:
            return inputs
        return tf.nn.experimental.stateless_dropout(
            inputs, self.rate, own_seed(self.seed_generator), noise_shape=self.noise_shape
        )
