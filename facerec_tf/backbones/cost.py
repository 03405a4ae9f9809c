"""What a network costs: parameters, and multiply-adds of one embedding."""

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

    The model is traced, not run, and its graph is read: so any Keras model is counted, one of
    `keras.applications` or with layers of its own. Biases, activations, pooling and normalisation
    are left out, as in most papers (which call the figure FLOPs, MAdds or MACs).

    Args:
        model: Model of one input, whose shape is known but for the batch.

    Raises:
        ArgumentError: If the input's shape is not known, or products are made in a loop or in
            shapes that only a run would tell.
    """
    shapes = [tuple(image.shape[1:]) for image in model.inputs]
    require(len(shapes) == 1 and None not in shapes[0], "model", "of one input's shape", shapes)
    spec = tf.TensorSpec((1, *shapes[0]), model.inputs[0].dtype)
    infer = tf.function(lambda image: model(image, training=False), autograph=False)
    return _count(infer.get_concrete_function(spec).graph)


def _count(graph: tf.Graph) -> int:
    """Sums over a graph's operations, those of the functions it calls included."""
    total = 0
    for op in graph.get_operations():
        if op.type in _TERMS:
            terms = _TERMS[op.type](op)
            elements = op.outputs[0].shape.num_elements()
            if terms is None or elements is None:
                raise argument_error("model", "of fixed shapes", op.name)
            total += elements * terms
        elif op.type in ("PartitionedCall", "StatefulPartitionedCall"):
            # TensorFlow has no public way to a traced function's graph with its shapes.
            total += _count(graph._get_function(op.get_attr("f").name).graph)
        elif "While" in op.type:
            raise argument_error("model", "without loops", op.name)
    return total


def _conv(op: tf.Operation) -> int | None:
    # Of a grouped convolution, the kernel has the channels of one group.
    return op.inputs[1].shape[:3].num_elements()


def _depthwise(op: tf.Operation) -> int | None:
    return op.inputs[1].shape[:2].num_elements()


def _matmul(op: tf.Operation) -> int | None:
    return op.inputs[0].shape[0 if op.get_attr("transpose_a") else 1]


def _batch_matmul(op: tf.Operation) -> int | None:
    return op.inputs[0].shape[-2 if op.get_attr("adj_x") else -1]


def _einsum(op: tf.Operation) -> int | None:
    """Multiplies the sizes of the axes that are summed over."""
    operands, result = op.get_attr("equation").decode().split("->")
    sizes: dict[str, int | None] = {}
    for labels, operand in zip(operands.split(","), op.inputs, strict=True):
        first, _, last = labels.partition("...")
        sizes |= zip(first, operand.shape[: len(first)], strict=True)
        sizes |= zip(last[::-1], operand.shape[::-1], strict=False)
    summed = [size for label, size in sizes.items() if label not in result]
    return None if None in summed else math.prod(summed)


#: Operation → products that are summed to one element of its output.
_TERMS: dict[str, Callable[[tf.Operation], int | None]] = {
    "Conv2D": _conv,
    "DepthwiseConv2dNative": _depthwise,
    "MatMul": _matmul,
    "BatchMatMulV2": _batch_matmul,
    "Einsum": _einsum,
}
