"""Exports as a SavedModel that XLA compiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.serving.export_format import EmbedExport
from facerec_tf.serving.saved_model import SavedModel

#: Channels a group has at most for its convolution to be summed; the code grows with them.
_FEW = 8


class _SummedDepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Depthwise convolution as `_sum` has it; XLA's own takes a dozen times as long on a CPU."""

    def call(self, inputs: Any) -> Any:
        outputs = _sum(self, inputs, tf.reshape(self.kernel, [*self.kernel_size, 1, -1]))
        return self.activation(outputs + self.bias if self.use_bias else outputs)


class _SummedGroupedConv2D(GroupedConv2D):
    """Grouped convolution likewise."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        is_small = kernel.shape[2] <= _FEW
        return _sum(self, inputs, kernel) if is_small else super().convolution_op(inputs, kernel)


class XlaSavedModel(SavedModel):
    """A SavedModel that XLA compiles on the machine that loads it, once for each batch size."""

    replacements: ClassVar = {
        keras.layers.DepthwiseConv2D: _SummedDepthwiseConv2D,
        GroupedConv2D: _SummedGroupedConv2D,
    }
    jit_compile = True

    def load(self, folder: Path) -> EmbedExport:
        """Returns the function that calls `serving_default`, batches padded to a power of two."""
        embed = super().load(folder)

        def embed_filled(images: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
            # Few sizes are compiled then, however many images come.
            missing = (1 << (len(images) - 1).bit_length()) - len(images)
            embeddings, norms = embed(np.pad(images, [(0, missing), *[(0, 0)] * 3]))
            count = len(images)
            return embeddings[:count], None if norms is None else norms[:count]

        return embed_filled


def _sum(layer: Any, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Convolves groups of channels by adding shifted images, which XLA fuses into one pass.

    Args:
        layer: Convolution with strides, padding and dilation.
        inputs: `[batch, h, w, channels]`.
        kernel: `[rows, columns, channels of a group, filters]`.
    """
    *size, members, filters = kernel.shape
    shifts, edges = [], [(0, 0)]
    for length, taps, stride, dilation in zip(
        inputs.shape[1:3], size, layer.strides, layer.dilation_rate, strict=True
    ):
        reach = (taps - 1) * dilation + 1
        before, after = _edges(length, reach, stride) if layer.padding == "same" else (0, 0)
        span = length + before + after - reach + 1
        edges.append((before, after))
        shifts.append([slice(t * dilation, t * dilation + span, stride) for t in range(taps)])
    inputs = tf.pad(inputs, [*edges, (0, 0)])
    copies = filters * members // inputs.shape[-1]
    parts = [tf.repeat(inputs[..., m::members], copies, axis=-1) for m in range(members)]
    return sum(
        part[:, rows, columns] * kernel[i, j, m]
        for m, part in enumerate(parts)
        for i, rows in enumerate(shifts[0])
        for j, columns in enumerate(shifts[1])
    )


def _edges(length: int, reach: int, stride: int) -> tuple[int, int]:
    """Returns the zeros before and behind that make ⌈length / stride⌉ outputs."""
    zeros = max((-(-length // stride) - 1) * stride + reach - length, 0)
    return zeros // 2, zeros - zeros // 2
