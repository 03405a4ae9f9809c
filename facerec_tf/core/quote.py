"""Text from files and libraries, shortened for error messages."""

from __future__ import annotations

import unicodedata

#: Characters that are quoted of a text from a file.
LONGEST = 300


def shorten(text: object, longest: int = LONGEST) -> str:
    """Returns `text` on one line, of at most `longest` characters and an ellipsis.

    Damaged files can make a library's message contain their whole content.
    """
    start = str(text)[: 4 * longest]
    line = " ".join(start.split())
    return line if len(line) <= longest and len(start) == len(str(text)) else f"{line[:longest]}…"


def reason(error: BaseException) -> str:
    """Returns the first line of an error's message, shortened, or the name of its class."""
    first, *_ = str(error).strip().splitlines() or [type(error).__name__]
    return shorten(first.rstrip(".:"))


def escape_controls(text: str) -> str:
    """Returns `text` with characters escaped that would change what a terminal shows.

    These are line ends, the escape sequences of terminals, and characters that embed, override or
    isolate a direction of text.
    """
    return "".join(map(_escaped, text))


#: Classes of the characters that embed, override or isolate a direction of text, and end that.
_DIRECTIONS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def _escaped(character: str) -> str:
    is_control = unicodedata.category(character) in ("Cc", "Zl", "Zp")
    if is_control or unicodedata.bidirectional(character) in _DIRECTIONS:
        return character.encode("unicode_escape").decode()
    return character
