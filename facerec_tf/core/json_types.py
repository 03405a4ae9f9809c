"""Dataclasses of options, read from JSON."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, TypeVar

from facerec_tf.core.errors import require
from facerec_tf.core.lookup import require_known

Kind = TypeVar("Kind")

#: Annotation → its values, as they are written in JSON.
_TYPES: dict[Any, str] = {
    bool: "True or False",
    int: "an integer",
    int | None: "an integer or null",
    float: "a number",
    float | None: "a number or null",
    str: "a string",
    str | None: "a string or null",
    tuple[int, ...]: "a list of integers",
    tuple[str, ...]: "a list of strings",
    Mapping[str, Any]: "a JSON object",
}


def dataclass_from_json(kind: type[Kind], values: Any, name: str) -> Kind:
    """Builds a dataclass from the JSON of `dataclasses.asdict`, in which tuples are lists.

    Args:
        kind: Its class. Fields have an annotation in `_TYPES`, or are dataclasses themselves.
        values: The JSON object. A field that is missing has its default, unless it is a dataclass.
        name: Name of the object, for messages.

    Raises:
        ArgumentError: If `values` is not an object, a field is unknown or a group of fields is
            missing, or a value has another type or is outside of its domain.
    """
    require(isinstance(values, dict), name, "a JSON object", values)
    hints = typing.get_type_hints(kind)
    for field in values:
        require_known(field, list(hints), f"option of {name}")
    found = {}
    for field, hint in hints.items():
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            found[field] = dataclass_from_json(hint, values.get(field), field)
        elif field in values:
            found[field] = value = _with_tuples(values[field])
            require(_has_type(value, hint), f"{name}.{field}", _TYPES[hint], value)
    return kind(**found)


def _with_tuples(value: Any) -> Any:
    """Returns a value from JSON with tuples instead of lists, at any depth."""
    if isinstance(value, dict):
        return {key: _with_tuples(each) for key, each in value.items()}
    return tuple(_with_tuples(each) for each in value) if isinstance(value, list) else value


def _has_type(value: Any, hint: Any) -> bool:
    """Whether `value` has the type of an annotation in `_TYPES`."""
    if arguments := typing.get_args(hint):
        origin = typing.get_origin(hint)
        if origin is tuple:
            return isinstance(value, tuple) and all(_has_type(v, arguments[0]) for v in value)
        if origin is Mapping:
            return isinstance(value, dict)
        return any(_has_type(value, each) for each in arguments)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))
