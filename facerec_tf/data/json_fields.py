"""Values of a JSON object, checked for their types and ranges."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

#: Largest number of images, bytes or identities: far above what exists, and exact everywhere.
_MOST = 1 << 50


def integer(fields: Mapping[str, Any], name: str, least: int = 0, most: int = _MOST) -> int:
    """Returns the integer `fields[name]`.

    Raises:
        KeyError: If it is missing.
        ValueError: If it is another type or outside the range; the message has no subject.
    """
    return checked_integer(fields[name], name, least, most)


def checked_integer(value: Any, name: str, least: int = 0, most: int = _MOST) -> int:
    """Returns `value` if it is an integer from `least` to `most`; see `integer`."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(
            f"'{name}' must be an integer from {least} to {most}. Found: {reprlib.repr(value)}"
        )
    return value


def text(fields: Mapping[str, Any], name: str) -> str:
    """Returns the text `fields[name]`.

    Raises:
        KeyError: If it is missing.
        ValueError: If it is not text; the message has no subject.
    """
    value = fields[name]
    if not isinstance(value, str):
        raise ValueError(f"'{name}' must be text. Found: {reprlib.repr(value)}")
    return value


def items(fields: Mapping[str, Any], name: str) -> list[Any]:
    """Returns the list `fields[name]`.

    Raises:
        KeyError: If it is missing.
        ValueError: If it is not a list; the message has no subject.
    """
    value = fields[name]
    if not isinstance(value, list):
        raise ValueError(f"'{name}' must be a list. Found: {reprlib.repr(value)}")
    return value
