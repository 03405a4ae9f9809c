"""Layout of help texts: entries of flags, and lines that fit the terminal.

A help text is stored with one line per paragraph, list item or flag, and wrapped when it is shown.
Lines that are indented by four spaces or more, such as commands, are shown as they are.
"""

from __future__ import annotations

import re
import shutil
import textwrap

#: Widest and narrowest layout, in characters.
_WIDEST, _NARROWEST = 100, 40

#: Beginning of a list item or of a flag, whose further lines are indented.
_HANGING = re.compile(r" *(?:- |--)")

#: The notes of a flag, which are not broken.
_NOTES = re.compile(r"\((?:required|default)[^()]*\)$")

#: A line that is shown as it is.
_VERBATIM = re.compile(r" {4}")


def flag_entry(name: str, text: str, *, default: str | None = None, note: str = "") -> str:
    """The line of a flag in a help text.

    Args:
        name: The flag, without dashes; a boolean one begins with "[no]".
        text: What it means.
        default: Its default, as typed; None or an empty string shows none.
        note: A remark after the text, such as "required".
    """
    notes = [note] if note else []
    notes += [f"default: {default}"] if default else []
    return f"  --{name}: {text}" + (f" ({'; '.join(notes)})" if notes else "")


def unwrap(text: str) -> str:
    """Joins the lines of each paragraph and list item of a docstring."""
    lines: list[str] = []
    for line in text.splitlines():
        continues = bool(lines and lines[-1] and line and not _VERBATIM.match(lines[-1]))
        if continues and not _VERBATIM.match(line) and not line.startswith("- "):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return "\n".join(lines)


def fit(text: str, columns: int | None = None) -> str:
    """Wraps the lines of a help text.

    Args:
        text: A text with one line per paragraph.
        columns: Number of characters per line; default: those of the terminal, within limits.
    """
    columns = columns or shutil.get_terminal_size((_WIDEST, 0)).columns
    width = max(_NARROWEST, min(columns, _WIDEST))
    return "\n".join(_wrap(line, width) for line in text.splitlines())


def _wrap(line: str, width: int) -> str:
    if len(line) <= width or _VERBATIM.match(line):
        return line
    indent = " " * (len(line) - len(line.lstrip()))
    hanging = "    " if line.lstrip().startswith("--") else "  " if _HANGING.match(line) else ""
    line = _NOTES.sub(lambda notes: notes[0].replace(" ", "\u00a0"), line)
    wrapped = textwrap.wrap(
        line,
        width,
        subsequent_indent=indent + hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return "\n".join(wrapped).replace("\u00a0", " ")
