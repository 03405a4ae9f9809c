"""Reads ONNX recognisers: exporters drop names and fold BatchNorm into convolutions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.extras import load_extra
from facerec_tf.core.files import read_bytes, sha256
from facerec_tf.core.quote import shortened
from facerec_tf.pretrained.weight_source import Operation, Scaling, WeightSource

#: First byte of a file: tag of the protobuf field `ir_version`.
MAGIC = b"\x08"

#: Operators with weights → our names of their inputs, from the second on.
_ROLES = {
    "Conv": ("kernel", "bias"),
    "Gemm": ("kernel", "bias"),
    "MatMul": ("kernel",),
    "BatchNormalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "PRelu": ("alpha",),
}
_EPSILON = 1e-5
#: Operators that exporters apply to constants.
_RESHAPING = {"Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
_SILENT = {"Cast", "Dropout", "Identity"}
_COMMUTING = {"Add", "Mul"}
#: Scalar operators before the first layer → their scaling, given the scalar.
_ARITHMETIC: Mapping[str, Callable[[float], Scaling]] = {
    "Add": lambda x: Scaling(offset=x),
    "Sub": lambda x: Scaling(offset=-x),
    "Mul": lambda x: Scaling(scale=x),
    "Div": lambda x: Scaling(scale=1 / x),
}


def read(path: Path) -> WeightSource:
    """Reads the operations with weights of an ONNX graph, in the graph's order.

    Raises:
        DataError: If the file is damaged, stores its weights in other files, or uses them in an
            unsupported way.
        UserError: If the package `onnx` is not installed.
    """
    onnx = load_extra("onnx")
    try:
        graph = onnx.load_model_from_string(read_bytes(path, "ONNX file")).graph
        if not graph.node:
            raise DataError(f"ONNX file '{path}' is damaged: it does not contain a graph.")
        return _GraphReader(graph, path).source()
    except (DataError, OSError):
        raise
    except Exception as error:  # Protobuf and NumPy raise many types for damaged files.
        raise DataError(f"ONNX file '{path}' is damaged: {shortened(error)}") from error


class _GraphReader:
    """Collects weights and operations from the nodes, which ONNX sorts topologically."""

    def __init__(self, graph: Any, path: Path) -> None:
        self._onnx = load_extra("onnx")
        self._path = path
        self._arrays: dict[str, np.ndarray] = {}
        self._epsilons: dict[str, float] = {}
        self._operations: dict[str, Operation] = {}
        self._scaling: Scaling | None = None
        self._constants = {tensor.name: self._array(tensor) for tensor in graph.initializer}
        self._used: set[str] = set()
        inputs = [x.name for x in graph.input if x.name not in self._constants]
        if len(inputs) != 1:
            raise self._refusal(f"it has {len(inputs)} inputs, expected one")
        image = inputs[0]
        #: Value → the nearest operations before it.
        self._reached: dict[str, frozenset[str]] = {image: frozenset()}
        #: Value before the first operation → scaling of the pixels.
        self._scaled: dict[str, Scaling] = {image: Scaling()}
        #: Value → the operation that computes it.
        self._made: dict[str, str] = {}
        for node in graph.node:
            self._visit(node)
        for name, value in self._constants.items():
            if _is_weight(value) and name not in self._used:
                raise self._refusal(f"array '{name}' is not used")

    def source(self) -> WeightSource:
        """Returns the collected weights and operations."""
        return WeightSource(
            self._path.name,
            "onnx",
            sha256(self._path),
            self._arrays,
            scaling=self._scaling,
            epsilons=self._epsilons,
            operations=tuple(self._operations.values()),
        )

    def _visit(self, node: Any) -> None:
        inputs = [name for name in node.input if name]
        constants = [name for name in inputs if name in self._constants]
        reached = frozenset().union(*(self._reached.get(name, ()) for name in inputs))
        if len(constants) == len(inputs):
            self._evaluate_constant(node, inputs)
        elif node.op_type in _ROLES and constants == inputs[1:]:
            reached = self._take_operation(node, inputs, reached)
        elif not any(_is_weight(self._constants[name]) for name in constants):
            self._follow(node, inputs)
        elif not self._take_bias(node, constants, [x for x in inputs if x not in constants]):
            raise self._refusal(f"operator {node.op_type} has weights")
        for output in node.output:
            self._reached[output] = reached

    def _evaluate_constant(self, node: Any, inputs: list[str]) -> None:
        """Evaluates an operator that only reshapes or converts constants."""
        attributes = self._attributes(node)
        if node.op_type == "Constant":
            (value,) = attributes.values()
            is_tensor = isinstance(value, self._onnx.TensorProto)
            self._constants[node.output[0]] = self._array(value) if is_tensor else np.array(value)
        elif node.op_type in _RESHAPING:
            evaluator = load_extra("onnx.reference").ReferenceEvaluator(node)
            given = {name: self._constants[name] for name in inputs}
            (self._constants[node.output[0]],) = evaluator.run(None, given)
            self._used.update(inputs)
        elif any(_is_weight(self._constants[name]) for name in inputs):
            raise self._refusal(f"operator {node.op_type} computes weights")

    def _take_operation(
        self, node: Any, inputs: list[str], reached: frozenset[str]
    ) -> frozenset[str]:
        name = node.output[0]
        attributes = self._attributes(node)
        weights = dict(zip(_ROLES[node.op_type], inputs[1:], strict=False))
        arrays = {role: self._constants[x].astype(np.float32) for role, x in weights.items()}
        if node.op_type in ("Gemm", "MatMul"):
            self._require_plain(attributes)
            if not attributes.get("transB", 0):
                arrays["kernel"] = arrays["kernel"].T
        if node.op_type == "BatchNormalization":
            self._epsilons[name] = attributes.get("epsilon", _EPSILON)
        if not reached:
            if inputs[0] not in self._scaled:
                raise self._refusal("the input of its first layer is not scaled pixels")
            scaling = self._scaled[inputs[0]]
            self._scaling = None if scaling == Scaling() else scaling
        keys = {role: f"{name}.{role}" for role in arrays}
        self._arrays |= {keys[role]: value for role, value in arrays.items()}
        self._operations[name] = Operation(name, keys, reached)
        self._used.update(weights.values())
        self._made[name] = name
        return frozenset({name})

    def _take_bias(self, node: Any, constants: list[str], flowing: list[str]) -> bool:
        """Stores the constant of an Add as the bias of the operation before it, if it is one."""
        name = self._made.get(flowing[0], "")
        operation = self._operations.get(name)
        if node.op_type != "Add" or operation is None or [*operation.arrays] != ["kernel"]:
            return False
        arrays = {**operation.arrays, "bias": f"{name}.bias"}
        self._arrays[f"{name}.bias"] = self._constants[constants[0]].astype(np.float32).ravel()
        self._operations[name] = Operation(name, arrays, operation.inputs)
        self._used.update(constants)
        self._made[node.output[0]] = name
        return True

    def _follow(self, node: Any, inputs: list[str]) -> None:
        """Updates the pixel scaling for a node before the first operation."""
        flowing, *rest = sorted(inputs, key=lambda name: name in self._constants)
        before = self._scaled.get(flowing)
        if before is None:
            return
        if node.op_type in _SILENT:
            self._scaled[node.output[0]] = before
        elif node.op_type in _ARITHMETIC and (inputs[0] == flowing or node.op_type in _COMMUTING):
            (number,) = (float(self._constants[name].item()) for name in rest)
            self._scaled[node.output[0]] = before.then(_ARITHMETIC[node.op_type](number))

    def _require_plain(self, attributes: Mapping[str, Any]) -> None:
        factors = {attributes.get("alpha", 1.0), attributes.get("beta", 1.0)}
        if factors != {1.0} or attributes.get("transA", 0):
            raise self._refusal("a fully connected layer is scaled or transposed")

    def _attributes(self, node: Any) -> dict[str, Any]:
        return {x.name: self._onnx.helper.get_attribute_value(x) for x in node.attribute}

    def _array(self, tensor: Any) -> np.ndarray:
        if tensor.data_location == self._onnx.TensorProto.EXTERNAL:
            raise DataError(
                f"ONNX file '{self._path}' stores its weights in other files. Merge them with "
                "onnx.save(onnx.load(old), new)."
            )
        return self._onnx.numpy_helper.to_array(tensor)

    def _refusal(self, why: str) -> DataError:
        return DataError(
            f"ONNX file '{self._path}' contains an unsupported network: {shortened(why)}."
        )


def _is_weight(value: np.ndarray) -> bool:
    """Whether a constant is an array of weights: not a scalar, a shape or an index."""
    return value.dtype.kind == "f" and value.size > 1
