"""The command `facerec VERB --flags`, which is also `python -m facerec_tf VERB --flags`.

Listing the verbs and showing the help of one do not import TensorFlow: the help texts are files,
written from the flags by `python -m facerec_tf.verbs.help_texts`.
"""

from __future__ import annotations

import importlib
import importlib.resources
import sys
from collections.abc import Sequence

from facerec_tf.core.chief import emit
from facerec_tf.core.console import prepare_streams
from facerec_tf.core.lookup import nearest
from facerec_tf.verbs.table import GROUPS, VERBS
from facerec_tf.version import __version__

_HELP = ("--help", "-h", "-help", "--helpshort", "-?")

_LISTING = "usage: facerec VERB [flags]      flags of a verb: facerec VERB --help"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the verb that the command line names; without one, lists all of them.

    Args:
        arguments: The command line without the program; that of this process by default.
    """
    prepare_streams()
    first, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if first == "help" and rest:
        emit(help_text(_known_verb(rest[0])))
    elif first in (*_HELP, "help"):
        emit(_list_verbs())
    elif first == "--version":
        emit(f"facerec_tf {__version__}")
    else:
        run_verb(_known_verb(first), rest)


def run_verb(verb: str, arguments: Sequence[str] | None = None) -> None:
    """Runs one verb, or prints its help, and exits the process.

    Args:
        verb: A key of `VERBS`.
        arguments: The flags; those of this process by default.
    """
    prepare_streams()
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    if any(argument in _HELP for argument in own):
        emit(help_text(verb))
        return
    try:
        # First, as it silences the messages that TensorFlow prints when it is imported.
        from facerec_tf import command

        module = importlib.import_module(f"facerec_tf.verbs.{verb.replace('-', '_')}")
        module.define_flags()
    except KeyboardInterrupt:  # Later, `command.run` catches it.
        emit("interrupted", file=sys.stderr)
        sys.exit(130)
    takes_rest = getattr(module, "TAKES_REST", False)
    command.run(module.main, takes_rest=takes_rest, arguments=[sys.argv[0], *arguments])


def help_text(verb: str) -> str:
    """The help of `verb`, as `help_texts` wrote it."""
    folder = importlib.resources.files("facerec_tf.verbs") / "help"
    return (folder / f"{verb}.txt").read_text(encoding="utf-8").rstrip()


def _known_verb(given: str) -> str:
    """The key of `VERBS` that `given` names; exits the process if there is none."""
    verb = given.replace("_", "-")
    if verb not in VERBS:
        emit(f"error: {_unknown(given)}", file=sys.stderr)
        sys.exit(2)
    return verb


def _list_verbs() -> str:
    width = max(map(len, VERBS))
    lines = [_LISTING]
    for group, verbs in GROUPS.items():
        lines += ["", f"{group}:"]
        lines += [f"  {verb:{width}}  {text}" for verb, text in verbs.items()]
    return "\n".join(lines)


def _unknown(given: str) -> str:
    if given.startswith("-"):
        return f"The first argument must be a verb. Received: {given}. 'facerec' lists the verbs."
    near = nearest(given.replace("_", "-"), VERBS)
    hint = f"Did you mean '{near}'? " if near else ""
    return f"Unknown verb '{given}'. {hint}'facerec' lists the verbs."
