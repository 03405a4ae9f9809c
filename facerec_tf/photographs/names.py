"""Characters in names of files and people that cannot be printed."""

from __future__ import annotations


def printable(name: str) -> str:
    """Escapes bytes that are not UTF-8, which Python reads from a disk as lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def in_one_line(name: str) -> str:
    """Escapes control characters, with which a name could change what a terminal shows."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in name
    )
