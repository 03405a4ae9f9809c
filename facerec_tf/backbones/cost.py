"""Cost of a network: parameters, and multiply-adds per embedding."""

from __future__ import annotations

import math
from collections.abc import Callable

import keras
import tensorflow as tf

from facerec_tf.core.errors import argument_error, require


def parameters(model: keras.Model) -> int:
    """Returns the number of trainable parameters."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def multiply_adds(model: keras.Model) -> int:
    """Counts the multiply-adds of convolutions and matrix products for one image, in inference.

    The model is traced, not run, and the operations of its graph are counted, so this works for any
    Keras model, including those of `keras.applications` and models with custom layers. Biases,
    activations, pooling and normalisation are not counted, as in most papers (which call the
    number FLOPs, MAdds or MACs).

    Args:
        model: Model with one input, of a fixed shape except for the batch.

    Raises:
        ArgumentError: If the shape of the input is not fixed, or a product is computed in a loop or
            on tensors whose shape is not known before the model runs.
    """
    shapes = [tuple(image.shape[1:]) for image in model.inputs]
    require(len(shapes) == 1 and None not in shapes[0], "model", "of one input's shape", shapes)
    spec = tf.TensorSpec((1, *shapes[0]), model.inputs[0].dtype)
    infer = tf.function(lambda image: model(image, training=False), autograph=False)
    return _count(infer.get_concrete_function(spec).graph)


def _count(graph: tf.Graph) -> int:
    """Sums over the operations of a graph, including those of the functions it calls."""
    total = 0
    for op in graph.get_operations():
        if op.type in _TERMS:
            terms = _TERMS[op.type](op)
            elements = op.outputs[0].shape.num_elements()
            if terms is None or elements is None:
                raise argument_error("model", "of fixed shapes", op.name)
            total += elements * terms
        elif op.type in ("PartitionedCall", "StatefulPartitionedCall"):
            # TensorFlow has no public access to the graph of a called function.
            total += _count(graph._get_function(op.get_attr("f").name).graph)
        elif "While" in op.type:
            raise argument_error("model", "without loops", op.name)
    return total


def _conv(op: tf.Operation) -> int | None:
    # The kernel of a grouped convolution has the channels of one group.
    return op.inputs[1].shape[:3].num_elements()


def _depthwise(op: tf.Operation) -> int | None:
    return op.inputs[1].shape[:2].num_elements()


def _matmul(op: tf.Operation) -> int | None:
    return op.inputs[0].shape[0 if op.get_attr("transpose_a") else 1]


def _batch_matmul(op: tf.Operation) -> int | None:
    return op.inputs[0].shape[-2 if op.get_attr("adj_x") else -1]


def _einsum(op: tf.Operation) -> int | None:
    """Product of the sizes of the summed axes."""
    operands, result = op.get_attr("equation").decode().split("->")
    sizes: dict[str, int | None] = {}
    for labels, operand in zip(operands.split(","), op.inputs, strict=True):
        first, _, last = labels.partition("...")
        sizes |= zip(first, operand.shape[: len(first)], strict=True)
        sizes |= zip(last[::-1], operand.shape[::-1], strict=False)
    summed = [size for label, size in sizes.items() if label not in result]
    known = [size for size in summed if size is not None]
    return math.prod(known) if len(known) == len(summed) else None


#: Operation → number of products summed per element of its output.
_TERMS: dict[str, Callable[[tf.Operation], int | None]] = {
    "Conv2D": _conv,
    "DepthwiseConv2dNative": _depthwise,
    "MatMul": _matmul,
    "BatchMatMulV2": _batch_matmul,
    "Einsum": _einsum,
}
