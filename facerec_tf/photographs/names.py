"""Characters in names of files and people that cannot be printed."""

from __future__ import annotations


def printable(name: str) -> str:
    """Escapes bytes that are not UTF-8, which Python reads from a disk as lone surrogates."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
