"""Pickles of plain data, read without running the code that they may contain."""

from __future__ import annotations

import io
import pickle
import pickletools
from collections.abc import Callable
from typing import Any

_LATIN = ("latin1", "latin-1")

#: What `pickle` raises for damaged files, besides `pickle.UnpicklingError`.
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


#: Operations that store an object under a number, for which the unpickler reserves memory.
_STORES = ("PUT", "LONG_BINPUT")


class PickleError(Exception):
    """A pickle that is damaged or contains more than data; the message gives the reason."""


class _RefusedError(pickle.UnpicklingError):
    """A pickle that contains more than data; other errors of this type are those of damage."""


def load_plain(content: bytes) -> Any:
    """Reads a pickle of lists, tuples, dicts, numbers, text, bytes and NumPy arrays.

    Nothing that a pickle names is imported. NumPy's constructors are replaced by functions of this
    module, which accept arrays of bytes, returned as `bytes`, and of booleans, returned as lists of
    `bool`. Text of Python 2 is returned as `bytes`.

    Raises:
        PickleError: If the pickle names anything else, or is damaged.
    """
    try:
        _require_low_numbers(content)
        return _plain(_Unpickler(io.BytesIO(content), encoding="bytes").load(), {})
    except _RefusedError as error:
        raise PickleError(str(error)) from None
    except (pickle.UnpicklingError, *_DAMAGE):
        raise PickleError("it is not a pickle, or it is damaged or incomplete") from None


def _require_low_numbers(content: bytes) -> None:
    """Raises `_RefusedError` if a stored object has a higher number than there are operations.

    Python reserves memory up to that number: 16 bytes per object, for numbers up to 4 billion.
    """
    for count, (operation, number, _) in enumerate(pickletools.genops(content), start=1):
        if operation.name in _STORES and isinstance(number, int) and number > count:
            raise _RefusedError(f"it numbers an object {number}, which would exhaust the memory")


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        try:
            return _ADMITTED[module, name]
        except KeyError:
            raise _RefusedError(
                f"it asks for {module}.{name}, which is not data: it may have been made to run code"
            ) from None

    def persistent_load(self, pid: Any) -> Any:
        raise _RefusedError("it refers to objects outside itself")


class _DType:
    """Replaces a NumPy data type; accepts only bytes and booleans."""

    def __init__(self, kind: Any) -> None:
        kind = _text(kind)
        if kind not in ("u1", "|u1", "b1", "|b1", "i1", "|i1"):
            raise _RefusedError(f"it contains an array of {kind!r}, not of bytes or booleans")
        self.is_bool = kind.endswith("b1")

    def __setstate__(self, state: Any) -> None:
        """Ignores byte order and alignment, which do not matter for single bytes."""


class _Array:
    """Replaces a NumPy array."""

    def __init__(self) -> None:
        self.content = b""
        self.is_bool = False

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, _, content = state
        # A row, or the column that earlier versions of OpenCV's encoders return.
        is_row = isinstance(content, (bytes, bytearray)) and tuple(shape) in (
            (len(content),),
            (len(content), 1),
        )
        if not (is_row and isinstance(dtype, _DType)):
            raise _RefusedError("it contains an array that is not a row of bytes or booleans")
        self.content, self.is_bool = bytes(content), dtype.is_bool


def _text(name: Any) -> str:
    """Returns a short name, from Python 2 or 3; refuses long ones, which are not names."""
    name = name.decode("latin1") if isinstance(name, bytes) else name
    if not isinstance(name, str) or len(name) > 20:
        raise _RefusedError("it has something else where a name is expected")
    return name


def _dtype(kind: Any, *options: Any) -> _DType:
    return _DType(kind)


def _ndarray(*arguments: Any) -> None:
    raise _RefusedError("it makes an array in an unknown way")


def _reconstruct(*arguments: Any) -> _Array:
    return _Array()


def _from_buffer(content: Any, dtype: Any, shape: Any, order: Any) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, False, content))
    return array


def _scalar(dtype: Any, content: Any = b"") -> int | bool:
    if not (isinstance(dtype, _DType) and isinstance(content, bytes) and len(content) == 1):
        raise _RefusedError("it contains a number that is not a byte or boolean")
    return bool(content[0]) if dtype.is_bool else content[0]


def _encode(text: Any, codec: Any = "latin1") -> bytes:
    if _text(codec) not in _LATIN:
        raise _RefusedError(f"it encodes text as {_text(codec)!r}")
    return text if isinstance(text, bytes) else text.encode("latin1")


def _bytes(*arguments: Any) -> bytes:
    return _encode(*arguments) if arguments else b""


def _stand_in(function: Callable) -> Any:
    """Returns a callable without attributes, as a pickle may set attributes of what it names."""
    return type(function.__name__, (), {"__slots__": (), "__call__": staticmethod(function)})()


#: Module and name, as NumPy 1 and 2 and Python 2 and 3 write them → replacement.
_ADMITTED: dict[tuple[str, str], Any] = {
    ("numpy", "dtype"): _stand_in(_dtype),
    ("numpy", "ndarray"): _stand_in(_ndarray),
    ("_codecs", "encode"): _stand_in(_encode),
    ("builtins", "bytes"): _stand_in(_bytes),
    ("__builtin__", "bytes"): _stand_in(_bytes),
    **{
        (f"numpy.{core}.{module}", name): _stand_in(function)
        for core in ("core", "_core")
        for module, name, function in (
            ("multiarray", "_reconstruct", _reconstruct),
            ("multiarray", "scalar", _scalar),
            ("numeric", "_frombuffer", _from_buffer),
        )
    },
}


def _plain(value: Any, known: dict[int, Any]) -> Any:
    """Returns `value` with `_Array` replaced by bytes or lists of booleans.

    `known` maps identities to results, so that lists that occur many times are converted once.
    """
    if id(value) in known:
        return known[id(value)]
    found: Any
    if isinstance(value, _Array):
        found = [bool(byte) for byte in value.content] if value.is_bool else value.content
    elif isinstance(value, list):
        known[id(value)] = found = []
        found.extend(_plain(item, known) for item in value)
    elif isinstance(value, tuple):
        found = tuple(_plain(item, known) for item in value)
    elif isinstance(value, dict):
        known[id(value)] = found = {}
        found.update((key, _plain(item, known)) for key, item in value.items())
    elif isinstance(value, _DType) or callable(value):
        raise _RefusedError("it contains more than data")
    else:
        return value
    known[id(value)] = found
    return found
