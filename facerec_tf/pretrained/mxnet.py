"""Reads MXNet's `.params` files, and the symbol beside them, without MXNet (REFERENCE §8)."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import sha256
from facerec_tf.pretrained.weight_source import Scaling, WeightSource

#: First bytes of every file.
MAGIC = struct.pack("<Q", 0x112)

#: First word of an array → how many words of storage type follow it.
_ARRAY_MAGICS = {0xF993FAC9: 1, 0xF993FAC8: 0}
_DENSE = 0
_DTYPES = ("<f4", "<f8", "<f2", "u1", "<i4", "i1", "<i8")
_MAX_NDIM = 8
#: What MXNet takes where a BatchNorm's attributes are silent.
_EPSILON, _FIX_GAMMA = 1e-3, "True"

#: Operators before the first layer → what they do, given their number.
_ARITHMETIC: Mapping[str, Callable[[float], Scaling]] = {
    "_plus_scalar": lambda x: Scaling(offset=x),
    "_minus_scalar": lambda x: Scaling(offset=-x),
    "_mul_scalar": lambda x: Scaling(scale=x),
    "_div_scalar": lambda x: Scaling(scale=1 / x),
}
_IDENTITIES = {"_copy", "identity"}


def read(path: Path) -> WeightSource:
    """Returns the content of `NAME-0000.params`, and what `NAME-symbol.json` says of it, if there.

    Raises:
        DataError: If either file is damaged, or the arrays are of a kind no network here has.
    """
    content = _Content(path)
    arrays = _read_arrays(content)
    symbol = path.with_name(re.sub(r"-\d+$", "", path.stem) + "-symbol.json")
    described = _read_symbol(symbol) if symbol.is_file() else {}
    return WeightSource(path.name, "mxnet", sha256(path), arrays, **described)


class _Content:
    """The file's bytes, read from front to back; every length is checked before it is used."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._bytes = path.read_bytes()
        self._at = 0

    @property
    def left(self) -> int:
        """Bytes not yet read."""
        return len(self._bytes) - self._at

    def fault(self, what: str) -> DataError:
        """Returns the error that says what is wrong, and where."""
        return DataError(f"MXNet file '{self.path}' is damaged at byte {self._at}: {what}.")

    def take(self, size: int, what: str) -> bytes:
        """Returns the next `size` bytes, which hold `what`."""
        if size > self.left:
            raise self.fault(f"{what} should take {size:,} bytes, and {self.left:,} are left")
        self._at += size
        return self._bytes[self._at - size : self._at]

    def number(self, kind: str, what: str) -> int:
        """Returns the next number, of a kind as `struct` calls it."""
        (value,) = struct.unpack(f"<{kind}", self.take(struct.calcsize(kind), what))
        return value

    def count(self, what: str, smallest: int) -> int:
        """Returns how many things follow, each of at least `smallest` bytes."""
        count = self.number("Q", f"the number of {what}")
        if count * smallest > self.left:
            raise self.fault(f"{count:,} {what} cannot lie in {self.left:,} bytes")
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
        raise content.fault("a name comes twice")
    return dict(zip(names, arrays, strict=True))


def _read_array(content: _Content) -> np.ndarray:
    magic = content.number("I", "an array")
    if magic not in _ARRAY_MAGICS:
        raise content.fault(f"no array begins with {magic:#x}")
    if _ARRAY_MAGICS[magic] and content.number("i", "a storage type") != _DENSE:
        raise content.fault("an array is sparse, which no network here has")
    ndim = content.number("I", "a shape")
    if not 1 <= ndim <= _MAX_NDIM:
        raise content.fault(f"an array has {ndim} dimensions")
    shape = [content.number("q", "a shape") for _ in range(ndim)]
    if min(shape) < 1:
        raise content.fault(f"an array has shape {shape}")
    content.take(8, "a device")
    kind = content.number("i", "a type")
    if not 0 <= kind < len(_DTYPES):
        raise content.fault(f"{kind} is no type of numbers")
    dtype = np.dtype(_DTYPES[kind])
    data = content.take(math.prod(shape) * dtype.itemsize, f"an array of shape {shape}")
    return np.frombuffer(data, dtype).reshape(shape).astype(np.float32)


def _read_name(content: _Content) -> str:
    name = content.take(content.number("Q", "a name's length"), "a name").decode("utf-8", "replace")
    prefix, _, own = name.partition(":")
    if prefix not in ("arg", "aux") or not own:
        raise content.fault(f"the name {name!r} is neither 'arg:…' nor 'aux:…'")
    return own


def _read_symbol(path: Path) -> dict[str, Any]:
    """Reads the metadata in the network description: arguments of `WeightSource`."""
    try:
        nodes = json.loads(path.read_text())["nodes"]
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
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, StopIteration) as error:
        raise DataError(f"MXNet symbol '{path}' is damaged: {error!r}") from error


def _attributes(node: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns a node's attributes, whose key changed from version to version."""
    return node.get("attrs") or node.get("attr") or node.get("param") or {}


def _scaling(nodes: list[dict[str, Any]]) -> Scaling:
    """Follows the scalar operators from the input to the first operator that is none."""
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
