"""Memory layouts of weights in other projects' files, and their conversion to ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np

Shape = tuple[int, ...]


class WeightLayout(NamedTuple):
    """Layout of an array in a file.

    Attributes:
        shape: Shape in the file; leading and trailing ones are optional.
        convert: Converts an array of that shape to the layout of our layer.
    """

    shape: Shape
    convert: Callable[[np.ndarray], np.ndarray]

    def fits(self, shape: Shape) -> bool:
        """Whether an array of `shape` in the file has this layout."""
        return stripped(shape) == stripped(self.shape)

    def take(self, array: np.ndarray) -> np.ndarray:
        """Converts `array`, whose shape must fit, to the layout of our layer."""
        return self.convert(array.reshape(self.shape))


def layout_of(
    layer: keras.layers.Layer, weight: keras.Variable, flattened: Shape | None = None
) -> WeightLayout:
    """Returns the layout in a file of a layer's weight.

    Args:
        layer: Layer of the weight.
        weight: One of its weights.
        flattened: Height, width and channels of the feature map that a fully connected layer
            receives flattened, if any.
    """
    shape = tuple(weight.shape)
    if weight.name != "kernel":
        return vector(shape)
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return depthwise(shape)
    return convolution(shape) if len(shape) == 4 else dense(shape, flattened)


def vector(shape: Shape) -> WeightLayout:
    """Layout of vectors, which is the same everywhere: statistics, biases, slopes."""
    return WeightLayout(shape, lambda array: array)


def convolution(shape: Shape) -> WeightLayout:
    """Layout `[out, in / groups, h, w]` of a kernel that is `[h, w, in / groups, out]` here."""
    height, width, inputs, outputs = shape
    return WeightLayout((outputs, inputs, height, width), lambda array: array.transpose(2, 3, 1, 0))


def depthwise(shape: Shape) -> WeightLayout:
    """Layout `[channels, 1, h, w]` of a kernel that is `[h, w, channels, 1]` here."""
    height, width, channels, one = shape
    return WeightLayout((channels, one, height, width), lambda array: array.transpose(2, 3, 0, 1))


def dense(shape: Shape, flattened: Shape | None = None) -> WeightLayout:
    """Layout `[out, in]` of a kernel that is `[in, out]` here.

    Args:
        shape: Shape of our kernel.
        flattened: Height, width and channels of the feature map flattened before the layer, if any.
            It is flattened in that order here, and with the channels first in other projects.
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
    """Returns `shape` without leading and trailing ones."""
    sizes = [i for i, size in enumerate(shape) if size != 1]
    return shape[sizes[0] : sizes[-1] + 1] if sizes else ()
