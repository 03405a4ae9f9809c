"""The log of a run: its messages, with their times."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from facerec_tf.core import chief
from facerec_tf.core.errors import UserError


class RunLog(logging.Handler):
    """Appends messages to a file, each line with its date and time.

    An error of writing does not end the run: it is reported once, and nothing more is written.

    Args:
        path: The file, which is not touched before `start`.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._waiting: list[str] | None = []
        self._failed = False

    def start(self) -> None:
        """Writes the messages so far; later ones are written at once."""
        waiting, self._waiting = self._waiting or [], None
        self._append(waiting)

    def write(self, text: str) -> None:
        """Adds a message of one or several lines."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        lines = [f"{now}  {line}\n" for line in text.splitlines()]
        if self._waiting is None:
            self._append(lines)
        else:
            self._waiting += lines

    def emit(self, record: logging.LogRecord) -> None:
        """Adds a warning of Python's logging."""
        self.write(f"{record.levelname.lower()}: {record.getMessage()}")

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Context whose messages, warnings and error, if it ends in one, are added."""
        if not chief.is_chief():
            yield
            return
        logger = logging.getLogger("facerec_tf")
        logger.addHandler(self)
        try:
            with chief.copied_to(self.write):
                yield
        except BaseException as error:
            self.write(_describe(error))
            raise
        finally:
            logger.removeHandler(self)

    def _append(self, lines: list[str]) -> None:
        if self._failed:
            return
        try:
            with open(self.path, "a", encoding="utf-8", errors="backslashreplace") as file:
                file.writelines(lines)
        except OSError as error:
            self._failed = True
            reason = error.strerror or error
            chief.emit(f"warning: cannot write '{self.path}': {reason}.", file=sys.stderr)


def _describe(error: BaseException) -> str:
    if isinstance(error, UserError | OSError):
        return f"error: {error}"
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "".join(traceback.format_exception(error)).rstrip()
