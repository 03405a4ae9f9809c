"""Grouped convolution that trains everywhere."""

from __future__ import annotations

import functools
from typing import Any

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="facerec_tf")
class GroupedConv2D(keras.layers.Conv2D):
    """Grouped convolution: each group of filters sees only its own group of channels.

    Keras compiles this convolution with XLA, whose gradient is hundreds of times slower on a CPU
    than that of TensorFlow's own kernel. That kernel has gradients on GPUs, and on CPUs for the
    data types that oneDNN supports there. For other data types the layer sums depthwise
    convolutions, one per channel of a group. Arguments and weights,
    `[h, w, channels / groups, filters]`, are those of `keras.layers.Conv2D`.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolves `inputs` `[batch, h, w, channels]` with `kernel`, without the bias."""
        if kernel_has_gradients(keras.backend.standardize_dtype(inputs.dtype)):
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
def kernel_has_gradients(dtype: str) -> bool:
    """Whether TensorFlow's kernel for grouped convolutions can be trained on this machine.

    Args:
        dtype: Data type of images and kernel, such as `"float16"`. The answer depends on it: an x86
            CPU with AVX-512 but without the float16 instructions has gradients for all but float16.
    """
    image, kernel = tf.TensorShape((1, 3, 3, 4)), tf.TensorShape((3, 3, 2, 4))
    # The operation itself: a `GradientTape` does not record inside `init_scope`.
    with tf.init_scope():
        try:
            tf.raw_ops.Conv2DBackpropInput(
                input_sizes=image,
                filter=tf.ones(kernel, dtype),
                out_backprop=tf.ones(image, dtype),
                strides=[1, 1, 1, 1],
                padding="SAME",
            )
        except tf.errors.OpError:
            return False
    return True
