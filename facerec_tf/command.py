"""Runs a command, and prints a user's mistake as one line instead of a traceback."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence

from absl import app, logging

from facerec_tf.core.errors import UserError


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Discards output to stderr, including that of C++ code. Exceptions propagate."""
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


# On import, TensorFlow prints a page of notes that none of its settings turns off.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent_stderr():
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")


def run(
    command: Callable[..., None],
    takes_rest: bool = False,
    arguments: Sequence[str] | None = None,
    parse: Callable[[list[str]], list[str]] = app.parse_flags_with_usage,
) -> None:
    """Parses the command line and runs `command`, then exits.

    Args:
        command: Function that reads the flags. A `UserError` or `OSError` that it raises is printed
            as one line.
        takes_rest: Whether `command` takes the list of arguments after `--`; otherwise these are an
            error.
        arguments: The command line, beginning with the program; default: that of this process.
        parse: Parses the flags of the command line, and returns the rest of it.
    """

    def main(arguments: list[str]) -> int | None:
        if len(arguments) > 1 and not takes_rest:
            raise app.UsageError(f"Unexpected argument {arguments[1]!r}: options begin with --.")
        logging.set_verbosity(logging.WARNING)
        # Pillow warns of odd metadata and large images, which `data.photo` checks itself.
        warnings.filterwarnings("ignore", module="PIL")
        try:
            command(*([arguments[1:]] if takes_rest else []))
        except (UserError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            return getattr(error, "exit_code", 1)
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130
        return None

    app.run(main, argv=None if arguments is None else list(arguments), flags_parser=parse)
