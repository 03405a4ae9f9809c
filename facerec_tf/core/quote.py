"""Text from files and libraries, shortened for error messages.

Damaged files can make a library's message contain their whole content.
"""

from __future__ import annotations


def shortened(text: object, longest: int = 300) -> str:
    """Returns the text of `text` on one line, cut in the middle to `longest` characters."""
    line = " ".join(str(text).splitlines())
    if len(line) <= longest:
        return line
    cut = " [...] "
    kept = longest - len(cut)
    return line[: kept - kept // 2] + cut + line[len(line) - kept // 2 :]


def reason(error: BaseException) -> str:
    """Returns the first line of an error's message, shortened, or the name of its class.

    For messages that quote an error of another library.
    """
    lines = str(error).strip().splitlines()
    return shortened(lines[0].rstrip(".:")) if lines else type(error).__name__
