"""Standard streams that accept every text, and error messages that fit one line of a console."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

from facerec_tf.core.quote import escape_controls

#: Characters of an error message; longer ones are cut in the middle.
LONGEST_MESSAGE = 2000

_GAP = " [...] "


def prepare_streams() -> None:
    """Makes writing to standard output and standard error safe, whatever they are connected to.

    Characters that the encoding of a stream lacks are written as escapes. A stream whose reader
    has ended, such as `| head`, discards what follows; so the command ends as it would otherwise.
    Streams that were closed before the process started are connected to the null device, because a
    file opened later would receive their output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number, as those below are open.
            os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(number, True)
    sys.stdout = _prepared(sys.stdout, 1)
    sys.stderr = _prepared(sys.stderr, 2)


def one_line(message: object) -> str:
    """Returns a message with its control characters escaped, cut to `LONGEST_MESSAGE` characters.

    File names may contain line ends, the escape sequences of terminals, and characters that reverse
    the direction of text.
    """
    return _cut(escape_controls(_cut(str(message))))


def _cut(text: str) -> str:
    if len(text) <= LONGEST_MESSAGE:
        return text
    kept = (LONGEST_MESSAGE - len(_GAP)) // 2
    return text[:kept] + _GAP + text[-kept:]


class _Stream(io.FileIO):
    """A standard stream, which is connected to the null device after its first error."""

    def write(self, content: Any) -> int:
        try:
            return super().write(content)
        except OSError as error:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())
            os.close(null)
            if isinstance(error, BrokenPipeError):
                return super().write(content)
            error.filename = "standard output" if self.fileno() == 1 else "standard error"
            raise


def _prepared(stream: TextIO | None, number: int) -> TextIO:
    """Returns a text stream for file descriptor `number`, unless `stream` is another one."""
    if stream is None:  # It was closed.
        return open(os.devnull, "w", encoding="utf-8")
    if not isinstance(stream, io.TextIOWrapper) or _number(stream) != number:
        return stream
    stream.flush()
    raw = io.BufferedWriter(_Stream(number, "wb", closefd=False))
    lined = stream.line_buffering
    return io.TextIOWrapper(raw, stream.encoding, "backslashreplace", line_buffering=lined)


def _number(stream: TextIO) -> int | None:
    try:
        return stream.fileno()
    except (OSError, ValueError):
        return None
