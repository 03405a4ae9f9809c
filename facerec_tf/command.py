"""Runs a command, and prints a user's mistake as one line instead of a traceback."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence

from absl import app, flags, logging

from facerec_tf.core.console import one_line, prepare_streams
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


prepare_streams()
# On import, TensorFlow prints a page of notes that none of its settings turns off.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _silent_stderr():
    import tensorflow as tf

    tf.config.list_physical_devices("GPU")


def run(
    command: Callable[..., None],
    takes_rest: bool = False,
    arguments: Sequence[str] | None = None,
    parse: Callable[[list[str]], list[str]] | None = None,
) -> None:
    """Parses the command line and runs `command`, then exits.

    A mistake of the user, an error of the operating system, and a lack of memory are printed as one
    line; the exit code is 1, or that of the `UserError`. Ctrl-C ends the process with code 130.

    Args:
        command: Function that reads the flags.
        takes_rest: Whether `command` takes the list of arguments after `--`; otherwise these are an
            error.
        arguments: The command line, beginning with the program; default: that of this process.
        parse: Parses the flags of the command line, and returns the rest of it; default: without
            suggestions for what is misspelled.
    """

    def main(arguments: list[str]) -> int | None:
        if len(arguments) > 1 and not takes_rest:
            return fail(f"Unexpected argument {arguments[1]!r}: options begin with --.")
        logging.set_verbosity(logging.WARNING)
        # Pillow warns of odd metadata and large images, which `data.photo` checks itself.
        warnings.filterwarnings("ignore", module="PIL")
        try:
            command(*([arguments[1:]] if takes_rest else []))
        except UserError as error:
            return fail(error, error.exit_code)
        except OSError as error:
            return fail(error)
        except UnicodeEncodeError as error:
            return fail(f"{error.object!r} is not valid UTF-8, which TensorFlow needs for names.")
        except (MemoryError, tf.errors.ResourceExhaustedError) as error:
            return fail(f"Out of memory: {str(error) or 'an array is too large'}")
        return None

    try:
        app.run(
            main,
            argv=None if arguments is None else list(arguments),
            flags_parser=parse or _parse_flags,
        )
    except KeyboardInterrupt:
        interrupted()


def fail(message: object, code: int = 1) -> int:
    """Prints an error as one line; returns the exit code."""
    print(f"error: {one_line(message)}", file=sys.stderr)
    return code


def interrupted() -> None:
    """Prints "interrupted" and ends the process with code 130.

    It does not wait for threads, which may be reading from a file system that does not answer.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    print("interrupted", file=sys.stderr)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(130)


def _parse_flags(arguments: Sequence[str]) -> list[str]:
    """Parses the flags; exits with one line if they are not valid."""
    try:
        return flags.FLAGS(arguments)
    except flags.Error as error:
        sys.exit(fail(error))
