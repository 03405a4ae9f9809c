"""Grouped convolution that trains everywhere."""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="facerec_tf")
class GroupedConv2D(keras.layers.Conv2D):
    """Convolution in groups: each share of the filters sees only its share of the channels.

    Keras leaves this to XLA, whose gradient takes hundreds of times as long on a CPU as that of
    TensorFlow's own kernel. The kernel has one on GPUs and in builds with oneDNN; elsewhere the
    layer sums depthwise convolutions, one for each channel of a group. Arguments and weights,
    `[h, w, channels / groups, filters]`, are those of `keras.layers.Conv2D`.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Returns `inputs` `[batch, h, w, channels]` convolved by `kernel`, without bias."""
        if kernel_has_gradients():
            return tf.nn.conv2d(
                inputs,
                kernel,
                strides=self.strides,
                padding=self.padding.upper(),
                dilations=self.dilation_rate,
            )
        members = kernel.shape[2]
        kernel = ops.reshape(kernel, (*self.kernel_size, members, self.groups, -1))
        return sum(
            ops.depthwise_conv(
                inputs[..., member::members],
                kernel[:, :, member],
                strides=self.strides,
                padding=self.padding,
                dilation_rate=self.dilation_rate,
            )
            for member in range(members)
        )


@functools.cache
def kernel_has_gradients() -> bool:
    """Returns whether TensorFlow's kernel for grouped convolutions trains on this machine."""
    image, kernel = tf.TensorShape((1, 3, 3, 4)), tf.TensorShape((3, 3, 2, 4))
    with tf.init_scope():
        try:
            tf.raw_ops.Conv2DBackpropInput(
                input_sizes=image,
                filter=tf.ones(kernel),
                out_backprop=tf.ones(image),
                strides=[1, 1, 1, 1],
                padding="SAME",
            )
        except tf.errors.InvalidArgumentError:
            return False
    return True
