"""How arrays lie in other projects' files and in our layers, and the way from one to the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

Shape = tuple[int, ...]


class WeightLayout(NamedTuple):
    """The way of one array.

    Attributes:
        shape: Its shape in the file; ones in front and at the end may be there or not.
        convert: Takes an array of that shape and returns it as our layer keeps it.
    """

    shape: Shape
    convert: Callable[[np.ndarray], np.ndarray]

    def fits(self, shape: Shape) -> bool:
        """Returns whether an array of `shape` in the file is the one."""
        return stripped(shape) == stripped(self.shape)

    def take(self, array: np.ndarray) -> np.ndarray:
        """Returns `array`, which fits, as our layer keeps it."""
        return self.convert(array.reshape(self.shape))


def layout_of(
    layer: keras.layers.Layer, weight: keras.Variable, flattened: Shape | None = None
) -> WeightLayout:
    """Returns the layout of a layer's weight.

    Args:
        layer: Layer of the weight.
        weight: One of its weights.
        flattened: Height, width and channels of the features, if a fully connected layer is fed
            them flattened.
    """
    shape = tuple(weight.shape)
    if weight.name != "kernel":
        return vector(shape)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return depthwise(shape)
    return convolution(shape) if len(shape) == 4 else dense(shape, flattened)


def vector(shape: Shape) -> WeightLayout:
    """Layout of what lies alike everywhere: statistics, biases, slopes."""
    return WeightLayout(shape, lambda array: array)


def convolution(shape: Shape) -> WeightLayout:
    """Layout of a kernel we keep `[h, w, in / groups, out]`, others `[out, in / groups, h, w]`."""
    height, width, inputs, outputs = shape
    return WeightLayout((outputs, inputs, height, width), lambda array: array.transpose(2, 3, 1, 0))


def depthwise(shape: Shape) -> WeightLayout:
    """Layout of a kernel we keep `[h, w, channels, 1]`, others `[channels, 1, h, w]`."""
    height, width, channels, one = shape
    return WeightLayout((channels, one, height, width), lambda array: array.transpose(2, 3, 0, 1))


def dense(shape: Shape, flattened: Shape | None = None) -> WeightLayout:
    """Layout of a kernel we keep `[in, out]`, others `[out, in]`.

    Args:
        shape: Ours.
        flattened: Height, width and channels of the features that are flattened before: we
            flatten them in that order, others with the channels first.
    """
    inputs, outputs = shape
    if flattened is None:
        return WeightLayout((outputs, inputs), np.transpose)
    height, width, channels = flattened

    def convert(array: np.ndarray) -> np.ndarray:
        images = array.reshape(outputs, channels, height, width)
        return images.transpose(2, 3, 1, 0).reshape(shape)

    return WeightLayout((outputs, inputs), convert)


def stripped(shape: Shape) -> Shape:
    """Returns `shape` without ones in front and at the end."""
    sizes = [i for i, size in enumerate(shape) if size != 1]
    return shape[sizes[0] : sizes[-1] + 1] if sizes else ()
