"""Lookup by name, with a suggestion for misspelled names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

from facerec_tf.core.errors import ArgumentError

T = TypeVar("T")


def require_known(name: str, known: Iterable[str], argument: str) -> None:
    """Raises an error with the known names and the most similar one unless `name` is known.

    Args:
        name: The name to check.
        known: The valid names.
        argument: The argument's name, for the message.

    Raises:
        ArgumentError: If `name` is not known.
    """
    names = sorted(known)
    if name in names:
        return
    similar = nearest(str(name), names)
    hint = f" Did you mean '{similar}'?" if similar else ""
    raise ArgumentError(
        f"Argument '{argument}' must be one of {', '.join(names)}. "
        f"Received: {argument}={name!r}.{hint}"
    )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most similar to `name`, whatever its case; None if none is similar."""
    by_lower = {known_name.lower(): known_name for known_name in known}
    similar = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[similar[0]] if similar else None


def lookup(table: Mapping[str, T], name: str, argument: str) -> T:
    """Returns `table[name]`, or raises as `require_known` does."""
    require_known(name, table, argument)
    return table[name]
