"""Parses the flags of a verb; a mistake ends the process with one line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from absl import flags

from facerec_tf.core.chief import emit
from facerec_tf.core.console import one_line
from facerec_tf.core.errors import ArgumentError
from facerec_tf.core.lookup import nearest

FLAGS = flags.FLAGS


def required_flags(names: Iterable[str]) -> list[str]:
    """Those of `names` that are marked as required."""
    return [name for name in names if any(map(_refuses_none, FLAGS[name].validators))]


def parse(verb: str, arguments: Sequence[str], *, takes_rest: bool = False) -> list[str]:
    """Parses the command line of a verb, whose flags are defined.

    absl itself reports required flags one per line, in words of its own, and accepts empty ones.

    Args:
        verb: The verb, for messages.
        arguments: The program and the command line.
        takes_rest: Whether the verb takes the arguments after `--`.

    Returns:
        The program and the arguments after `--`.
    """
    required = required_flags(FLAGS)
    for name in required:
        FLAGS[name].validators[:] = [v for v in FLAGS[name].validators if not _refuses_none(v)]
    dashes = arguments.index("--") if takes_rest and "--" in arguments else len(arguments)
    try:
        FLAGS.set_gnu_getopt(True)  # Otherwise an argument hides the flags that follow it.
        program, *stray = FLAGS(list(arguments[:dashes]))
        if stray:
            raise ArgumentError(
                f"Unexpected argument '{stray[0]}': flags have the form --NAME=VALUE."
            )
        if missing := [name for name in required if FLAGS[name].value in (None, "", [])]:
            listed = ", ".join(f"--{name}" for name in missing)
            raise ArgumentError(f"Missing flag{'s' if len(missing) > 1 else ''}: {listed}.")
    except flags.UnrecognizedFlagError as error:
        _fail(_unknown(error.flagname), verb)
    except (flags.Error, ArgumentError) as error:
        _fail(_reworded(str(error)), verb)
    return [program, *arguments[dashes + 1 :]]


def _refuses_none(validator: Any) -> bool:
    return str(validator.message).endswith("must have a value other than None.")


def _unknown(name: str) -> str:
    own = [known for known in FLAGS if FLAGS.find_module_defining_flag(known) != "absl.app"]
    near = nearest(name, own)
    return f"Unknown flag --{name}." + (f" Did you mean --{near}?" if near else "")


def _reworded(message: str) -> str:
    """A message of absl about a value, `flag --NAME=VALUE: why`, in the words of this package."""
    message = " ".join(message.split())
    found = re.fullmatch(r"flag --(\w+)=(.*?): .*", message)
    if found is None or found[1] not in FLAGS:
        return f"{message.removeprefix('ERROR:: ').rstrip('.')}."
    name, value = found.groups()
    flag = FLAGS[name]
    if isinstance(flag, flags.EnumFlag):
        expected = f"one of {', '.join(flag.parser.enum_values)}"
    else:
        expected = flag.parser.syntactic_help or "true or false"
    return f"Argument '{name}' must be {expected}. Received: --{name}={value}."


def _fail(message: str, verb: str) -> None:
    line = one_line(f"{message} 'facerec {verb} --help' lists the flags.")
    emit(f"error: {line}", file=sys.stderr)
    sys.exit(1)
