"""Reads MXNet's `.params` and `-symbol.json` files without MXNet.

The format is that of `NDArray::Save` in MXNet's src/ndarray/ndarray.cc.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_bytes, read_json, sha256
from facerec_tf.core.quote import shortened
from facerec_tf.pretrained.weight_source import Scaling, WeightSource

#: First bytes of every file.
MAGIC = struct.pack("<Q", 0x112)

#: First word of an array → number of words with a storage type that follow it.
_ARRAY_MAGICS = {0xF993FAC9: 1, 0xF993FAC8: 0}
_DENSE = 0
_DTYPES = ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8")
_MAX_NDIM = 8
#: MXNet's defaults for attributes of a BatchNorm.
_EPSILON, _FIX_GAMMA = 1e-3, "True"

#: Scalar operators before the first layer → their scaling, given the scalar.
_ARITHMETIC: Mapping[str, Callable[[float], Scaling]] = {
    "_plus_scalar": lambda x: Scaling(offset=x),
    "_minus_scalar": lambda x: Scaling(offset=-x),
    "_mul_scalar": lambda x: Scaling(scale=x),
    "_div_scalar": lambda x: Scaling(scale=1 / x),
}
_IDENTITIES = {"_copy", "identity"}


def read(path: Path) -> WeightSource:
    """Reads `NAME-0000.params`, and the metadata in `NAME-symbol.json` if that exists.

    Raises:
        DataError: If either file is damaged or an array has an unsupported type.
    """
    content = _Content(path)
    arrays = _read_arrays(content)
    symbol = path.with_name(re.sub(r"-\d+$", "", path.stem) + "-symbol.json")
    described = _read_symbol(symbol) if symbol.is_file() else {}
    return WeightSource(path.name, "mxnet", sha256(path), arrays, **described)


class _Content:
    """Reader of a file's bytes in order; checks each length before using it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = read_bytes(path, "MXNet file")
        self._at = 0

    @property
    def left(self) -> int:
        """Number of bytes not read yet."""
        return len(self._bytes) - self._at

    def fault(self, what: str) -> DataError:
        """Returns the error for a problem at the current position."""
        return DataError(f"MXNet file '{self.path}' is damaged at byte {self._at}: {what}.")

    def take(self, size: int, what: str) -> bytes:
        """Returns the next `size` bytes; `what` describes them in errors."""
        if size > self.left:
            raise self.fault(f"{what} needs {size:,} bytes, but {self.left:,} are left")
        self._at += size
        return self._bytes[self._at - size : self._at]

    def number(self, kind: str, what: str) -> int:
        """Returns the next number, of a format character of `struct`."""
        (value,) = struct.unpack(f"<{kind}", self.take(struct.calcsize(kind), what))
        return value

    def count(self, what: str, smallest: int) -> int:
        """Returns the number of items that follow, each of at least `smallest` bytes."""
        count = self.number("Q", f"the number of {what}")
        if count * smallest > self.left:
            raise self.fault(f"{count:,} {what} do not fit into {self.left:,} bytes")
        return count


def _read_arrays(content: _Content) -> dict[str, np.ndarray]:
    content.take(len(MAGIC) + 8, "the header")
    arrays = [_read_array(content) for _ in range(content.count("arrays", 16))]
    names = [_read_name(content) for _ in range(content.count("names", 8))]
    if content.left:
        raise content.fault(f"{content.left:,} bytes follow the last name")
    if len(names) != len(arrays):
        raise content.fault(f"{len(arrays)} arrays have {len(names)} names")
    if len(set(names)) != len(names):
        raise content.fault("two arrays have the same name")
    return dict(zip(names, arrays, strict=True))


def _read_array(content: _Content) -> np.ndarray:
    magic = content.number("I", "an array")
    if magic not in _ARRAY_MAGICS:
        raise content.fault(f"an array starts with {magic:#x}, which is not a known version")
    if _ARRAY_MAGICS[magic] and content.number("i", "a storage type") != _DENSE:
        raise content.fault("an array is sparse, which is not supported")
    ndim = content.number("I", "a shape")
    if not 1 <= ndim <= _MAX_NDIM:
        raise content.fault(f"an array has {ndim} dimensions")
    shape = [content.number("q", "a shape") for _ in range(ndim)]
    if min(shape) < 1:
        raise content.fault(f"an array has shape {shape}")
    content.take(8, "a device")
    kind = content.number("i", "a type")
    if not 0 <= kind < len(_DTYPES):
        raise content.fault(f"{kind} is not a known data type")
    dtype = np.dtype(_DTYPES[kind])
    data = content.take(math.prod(shape) * dtype.itemsize, f"an array of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape).astype(np.float32)


def _read_name(content: _Content) -> str:
    name = content.take(content.number("Q", "a name's length"), "a name").decode("utf-8", "replace")
    prefix, _, own = name.partition(":")
    if prefix not in ("arg", "aux") or not own:
        raise content.fault(f"the name {shortened(repr(name))} is neither 'arg:…' nor 'aux:…'")
    return own


def _read_symbol(path: Path) -> dict[str, Any]:
    """Reads the network description and returns arguments for `WeightSource`."""
    description = read_json(path, "MXNet symbol")
    try:
        nodes = description["nodes"]
        norms = {n["name"]: _attributes(n) for n in nodes if n["op"] == "BatchNorm"}
        return {
            "scaling": _scaling(nodes),
            "epsilons": {name: float(a.get("eps", _EPSILON)) for name, a in norms.items()},
            "fixed_gammas": frozenset(
                name
                for name, a in norms.items()
                if str(a.get("fix_gamma", _FIX_GAMMA)).lower() in ("true", "1")
            ),
        }
    except Exception as error:  # Nodes of the wrong type raise many classes of errors.
        raise DataError(f"MXNet symbol '{path}' is damaged: {shortened(repr(error))}") from error


def _attributes(node: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns a node's attributes, whose key depends on MXNet's version."""
    return node.get("attrs") or node.get("attr") or node.get("param") or {}


def _scaling(nodes: list[dict[str, Any]]) -> Scaling:
    """Combines the scalar operators between the input and the first other operator."""
    scaling = Scaling()
    reached = next(i for i, node in enumerate(nodes) if node["name"] == "data")
    for i, node in enumerate(nodes):
        if node["op"] == "null" or node["inputs"][0][0] != reached:
            continue
        if node["op"] in _ARITHMETIC:
            scaling = scaling.then(_ARITHMETIC[node["op"]](float(_attributes(node)["scalar"])))
        elif node["op"] not in _IDENTITIES:
            break
        reached = i
    return scaling
