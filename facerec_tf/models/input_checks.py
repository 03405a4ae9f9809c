"""Checks of images and labels that are given to a Keras model's `fit`, `evaluate` and `predict`."""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.labels import check_labels, require_labels_shape

#: Images of a batch that are examined for their range of values.
_EXAMINED = 8


#: A shape whose first axis is the batch.
Shape = tuple[int | None, ...]


def check_shape(images: Any, expected: Shape | None) -> Any:
    """Returns `images` with the size that a network takes.

    A known shape is checked at once and costs nothing in a graph. Where Keras has relaxed a traced
    shape, or a pipeline does not know it, the size is checked in the graph.

    Args:
        images: `[batch, …]`.
        expected: The network's input shape, if it is known. An axis of None fits every size.

    Raises:
        ArgumentError: If the known part of the shape does not fit.
    """
    if expected is None:
        return images
    require_shape(images.shape, expected)
    fixed = [axis for axis, size in enumerate(expected) if axis and size]
    if images.shape.rank is not None and all(images.shape[axis] for axis in fixed):
        return images
    fits = [tf.shape(images)[axis] == expected[axis] for axis in fixed]
    message = [f"{_rule(expected)} Received: images of shape", tf.shape(images)]
    assertion = tf.debugging.Assert(tf.reduce_all(fits), message, summarize=len(expected))
    with tf.control_dependencies([assertion]):
        # XLA has no assertions, but checks this when it compiles.
        return tf.ensure_shape(images, [None, *expected[1:]], name="images")


def require_shape(shape: Any, expected: Shape) -> None:
    """Raises `ArgumentError` unless the known part of `shape` fits a network's input shape."""
    if not tf.TensorShape([None, *expected[1:]]).is_compatible_with(shape):
        raise ArgumentError(f"{_rule(expected)} Received: images of shape {tuple(shape)}")


def warn_if_scaled(images: Any) -> None:
    """Warns where float images appear to be scaled to [0, 1] or [−1, 1].

    Args:
        images: `[batch, height, width, channels]`, an array or an eager tensor. Whole numbers, such
            as a black image, are not taken for scaled.
    """
    if len(images.shape) != 4 or not tf.as_dtype(images.dtype).is_floating:
        return
    some = np.asarray(images[:_EXAMINED], "float32")
    if some.size and np.abs(some).max() <= 1.0 and np.any(some != np.round(some)):
        warnings.warn(
            "Argument 'images' must hold pixel values from 0 to 255. Received: float images in "
            f"[{'-1' if some.min() < 0 else '0'}, 1], which appear to be scaled. The network "
            "scales pixels itself; pass them unscaled.",
            stacklevel=2,
        )


def check_arrays(
    x: Any, y: Any, image_shape: Shape | None, num_classes: int | None
) -> tuple[Any, Any]:
    """Checks data given to `fit`, `evaluate` or `predict`, before the first step.

    Arrays and tensors are checked now, batches of a `tf.data.Dataset` or a generator as they are
    read, and those of other sources, such as a `keras.utils.PyDataset`, in the step.

    Args:
        x: Images, or the data set.
        y: Labels, if any.
        image_shape: The network's input shape, if it is known.
        num_classes: Number of identities, if any.

    Returns:
        `x` and `y`; a data set or generator with the checks added.

    Raises:
        ArgumentError: If images have another size, or labels are invalid.
    """
    if isinstance(x, tf.data.Dataset):
        return _check_dataset(x, image_shape, num_classes), y
    if isinstance(x, types.GeneratorType):
        return _check_generator(x, image_shape, num_classes), y
    if _is_array(x):
        if image_shape is not None:
            require_shape(x.shape, image_shape)
        warn_if_scaled(x)
    if _is_array(y):
        check_labels(y, num_classes)
    return x, y


def _check_generator(
    batches: Iterator, image_shape: Shape | None, num_classes: int | None
) -> Iterator:
    for batch in batches:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        check_arrays(x, y, image_shape, num_classes)
        yield batch


def _check_dataset(
    data: tf.data.Dataset, image_shape: Shape | None, num_classes: int | None
) -> tf.data.Dataset:
    x, y, _ = keras.utils.unpack_x_y_sample_weight(data.element_spec)
    if isinstance(x, tf.TensorSpec) and image_shape is not None:
        require_shape(x.shape, image_shape)
    if isinstance(y, tf.TensorSpec):
        require_labels_shape(y.shape)

    def check(index: tf.Tensor, element: Any) -> Any:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(element)
        if isinstance(x, tf.Tensor):
            check_shape(x, image_shape)
            if x.dtype.is_floating:
                warn = lambda: tf.py_function(warn_if_scaled, [x], [])  # noqa: E731
                tf.cond(index == 0, warn, tf.no_op)
        if isinstance(y, tf.Tensor):
            check_labels(y, num_classes)
        return element

    return data.enumerate().map(check)


def _rule(expected: Shape) -> str:
    sizes = ["any" if size is None else str(size) for size in expected[1:]]
    return f"Argument 'images' must be of shape [{', '.join(['batch', *sizes])}]."


def _is_array(data: Any) -> bool:
    return isinstance(data, (np.ndarray, tf.Tensor))
