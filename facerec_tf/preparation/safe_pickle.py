"""Pickles of plain data, read without running what they ask to be run."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

_LATIN = ("latin1", "latin-1")

#: What damaged pickles end in, besides `pickle.UnpicklingError`.
_DAMAGE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


class PickleError(Exception):
    """A pickle that is damaged or asks for more than data; the message says which."""


def load_plain(content: bytes) -> Any:
    """Returns what a pickle holds of lists, tuples, dicts, numbers, text, bytes and NumPy arrays.

    Nothing that a pickle names is imported: NumPy's constructors are replaced by ones of this
    module that admit arrays of bytes and of booleans, as `bytes` and lists of `bool`. Text of
    Python 2 comes as `bytes`.

    Raises:
        PickleError: If it names anything else, or is damaged.
    """
    try:
        return _plain(_Unpickler(io.BytesIO(content), encoding="bytes").load())
    except pickle.UnpicklingError as error:
        raise PickleError(str(error)) from None
    except _DAMAGE as error:
        raise PickleError(f"it is damaged ({type(error).__name__}: {error})") from None


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise pickle.UnpicklingError(
                f"it asks for {module}.{name}, which is no data: it may have been made to run code"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it refers to objects outside itself")


class _DType:
    """Stands for `numpy.dtype`: bytes or booleans alone."""

    def __init__(self, kind: Any, *options: Any) -> None:
        kind = kind.decode("latin1") if isinstance(kind, bytes) else kind
        if kind not in ("u1", "|u1", "b1", "|b1", "i1", "|i1"):
            raise pickle.UnpicklingError(f"it holds an array of {kind!r}, not of bytes or booleans")
        self.is_bool = kind.endswith("b1")

    def __setstate__(self, state: Any) -> None:
        """Takes byte order and the like, which single bytes have none of."""


class _Array:
    """Stands for `numpy.ndarray`."""

    def __init__(self) -> None:
        self.content = b""
        self.is_bool = False

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, _, content = state
        if not (isinstance(dtype, _DType) and isinstance(content, bytes) and len(shape) == 1):
            raise pickle.UnpicklingError("it holds an array that is no row of bytes or booleans")
        self.content, self.is_bool = content, dtype.is_bool


class _Ndarray:
    """Stands for the class `numpy.ndarray` where it is named; never made."""

    def __init__(self, *arguments: Any) -> None:
        raise pickle.UnpicklingError("it makes an array in an unknown way")


def _reconstruct(*arguments: Any) -> _Array:
    return _Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, False, bytes(content)))
    return array


def _scalar(dtype: Any, content: Any = b"") -> int | bool:
    if not (isinstance(dtype, _DType) and isinstance(content, bytes) and len(content) == 1):
        raise pickle.UnpicklingError("it holds a number that is no byte or boolean")
    return bool(content[0]) if dtype.is_bool else content[0]


def _encode(text: Any, codec: Any = "latin1") -> bytes:
    codec = codec.decode("latin1") if isinstance(codec, bytes) else codec
    if codec not in _LATIN:
        raise pickle.UnpicklingError(f"it encodes text as {codec!r}")
    return text if isinstance(text, bytes) else text.encode("latin1")


def _bytes(*arguments: Any) -> bytes:
    return _encode(*arguments) if arguments else b""


#: Module and name, as NumPy 1 and 2 and Python 2 and 3 write them → what stands for it.
_ADMITTED: dict[tuple[str, str], Callable] = {
    ("numpy", "dtype"): _DType,
    ("numpy", "ndarray"): _Ndarray,
    ("_codecs", "encode"): _encode,
    ("builtins", "bytes"): _bytes,
    ("__builtin__", "bytes"): _bytes,
    **{
        (f"numpy.{core}.{module}", name): stand_in
        for core in ("core", "_core")
        for module, name, stand_in in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


def _plain(value: Any) -> Any:
    """Returns `value` with what stands for arrays replaced by bytes, or lists of booleans."""
    if isinstance(value, _Array):
        return [bool(byte) for byte in value.content] if value.is_bool else value.content
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (_DType, type)) or callable(value):
        raise pickle.UnpicklingError("it holds more than data")
    return value
