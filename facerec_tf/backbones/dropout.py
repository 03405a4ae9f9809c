"""Dropout that differs from replica to replica."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.core.replicas import own_seed


@keras.saving.register_keras_serializable(package="facerec_tf")
class Dropout(keras.layers.Dropout):
    """Dropout (1207.0580) with another mask on each replica of a strategy.

    Keras' generators stand alike on all replicas, whose shares of a batch would lose the same
    features. Arguments as for `keras.layers.Dropout`, which this equals on one device.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns `inputs`, in training with a share of `rate` set to 0 and the rest scaled up."""
        if not training or self.rate == 0:
            return inputs
        return tf.nn.experimental.stateless_dropout(
            inputs, self.rate, own_seed(self.seed_generator), noise_shape=self.noise_shape
        )
