"""Lookup by name, with a suggestion for misspelled names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from facerec_tf.core.errors import ArgumentError

T = TypeVar("T")


class UnknownNameError(ArgumentError, KeyError):
    """A name that a table does not have.

    It is a `KeyError`, too, so that a `Registry` behaves like any mapping.
    """

    __str__ = Exception.__str__  # KeyError's would quote the message.


class Registry(Mapping[str, T]):
    """A read-only table of names, such as `BACKBONES`; an unknown name raises with a suggestion.

    Args:
        entries: The entries by name, in the order in which they are listed.
        argument: The argument or flag that takes such a name, for the message.
    """

    def __init__(self, entries: Mapping[str, T], argument: str) -> None:
        self._entries = dict(entries)
        self._argument = argument

    def __getitem__(self, name: str) -> T:
        """Returns the entry named `name`.

        Raises:
            UnknownNameError: If there is none; lists the known names and the most similar one.
        """
        if name not in self:
            require_known(name, self._entries, self._argument)
        return self._entries[name]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<names for {self._argument}: {', '.join(self._entries)}>"


def require_known(name: str, known: Iterable[str], argument: str) -> None:
    """Raises an error with the known names and the most similar one unless `name` is known.

    Args:
        name: The name to check.
        known: The valid names.
        argument: The argument's name, for the message.

    Raises:
        UnknownNameError: If `name` is not known.
    """
    names = sorted(known)
    if name in names:
        return
    similar = nearest(str(name), names)
    hint = f" Did you mean '{similar}'?" if similar else ""
    raise UnknownNameError(
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
