"""The command `facerec VERB --flags`, which is also `python -m facerec_tf VERB --flags`.

Listing the verbs, showing the help of one and describing a loss or a backbone do not import
TensorFlow: the texts are files, written from the flags by `python -m facerec_tf.verbs.help_texts`.
"""

from __future__ import annotations

import functools
import importlib
import importlib.resources
import sys
from collections.abc import Iterable, Sequence

from facerec_tf.core.chief import emit
from facerec_tf.core.console import one_line, prepare_streams
from facerec_tf.core.lookup import nearest
from facerec_tf.verbs.help_layout import fit
from facerec_tf.verbs.table import DESCRIBED, GROUPS, VERBS
from facerec_tf.version import __version__

#: `-h` is here, so that the parameter h of AdaFace is `--h`.
_HELP = ("--help", "-h", "-help", "--helpshort", "--helpfull", "--helpxml", "-?", "--?")

_LISTING = "usage: facerec VERB [flags]      flags of a verb: facerec VERB --help"


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the verb that the command line names; without one, lists all of them.

    Args:
        arguments: The command line without the program; that of this process by default.
    """
    prepare_streams()
    first, *rest = (sys.argv[1:] if arguments is None else list(arguments)) or ["--help"]
    if first == "help" and rest and rest[0] not in _HELP:
        _show(help_text(_known_verb(rest[0]), rest[1:]))
    elif first in (*_HELP, "help"):
        _show(_list_verbs())
    elif first == "--version":
        _show(f"facerec_tf {__version__}")
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
        _show(help_text(verb, own))
        return
    if verb in DESCRIBED and own and not own[0].startswith("-"):
        _show("\n\n\n".join(_describe(verb, name) for name in own))
        return
    try:
        # First, as it silences the messages that TensorFlow prints when it is imported.
        from facerec_tf import command
        from facerec_tf.verbs.parsing import parse

        module = importlib.import_module(f"facerec_tf.verbs.{verb.replace('-', '_')}")
        module.define_flags()
    except KeyboardInterrupt:  # Later, `command.run` catches it.
        emit("interrupted", file=sys.stderr)
        sys.exit(130)
    takes_rest = getattr(module, "TAKES_REST", False)
    command.run(
        module.main,
        takes_rest=takes_rest,
        arguments=[sys.argv[0], *arguments],
        parse=functools.partial(parse, verb, takes_rest=takes_rest),
    )


def help_text(verb: str, arguments: Iterable[str] = ()) -> str:
    """The help of `verb`, as `help_texts` wrote it.

    Args:
        verb: A key of `VERBS`.
        arguments: The command line of the verb. The losses and backbones that it chooses are
            described as well; with `--helpfull`, all of them.
    """
    texts = [_read(verb)]
    if verb == "train":
        arguments = list(arguments)
        for described, (flag, _) in DESCRIBED.items():
            names = _values(flag, arguments)
            if "--helpfull" in arguments:
                names = _described(described)
            texts += [_describe(described, name) for name in names]
    return "\n\n\n".join(texts)


def _read(name: str) -> str:
    folder = importlib.resources.files("facerec_tf.verbs") / "help"
    return (folder / f"{name}.txt").read_text(encoding="utf-8").rstrip()


def _described(verb: str) -> list[str]:
    """Names of the losses or backbones that are described."""
    folder = importlib.resources.files("facerec_tf.verbs") / "help" / verb
    return sorted(file.name.removesuffix(".txt") for file in folder.iterdir())


def _describe(verb: str, name: str) -> str:
    """The description of a loss or backbone; exits the process if there is none."""
    known = _described(verb)
    key = name.partition(":")[0]  # All of `keras:NAME` are described by one text.
    if key in known:
        return _read(f"{verb}/{key}")
    _, noun = DESCRIBED[verb]
    near = nearest(name, known)
    hint = f"Did you mean '{near}'? " if near else ""
    _fail(f"Unknown {noun} '{name}'. {hint}'facerec {verb}' lists them.")
    return ""


def _values(flag: str, arguments: Sequence[str]) -> list[str]:
    """The values that a command line gives to `flag`, as `--FLAG=VALUE` or `--FLAG VALUE`."""
    values: list[str] = []
    for place, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        if name.lstrip("-") == flag and name.startswith("-"):
            values += [value] if equals else arguments[place + 1 : place + 2]
    return [value for value in values if value and not value.startswith("-")]


def _known_verb(given: str) -> str:
    """The key of `VERBS` that `given` names; exits the process if there is none."""
    verb = given.replace("_", "-")
    if verb not in VERBS:
        _fail(_unknown(given))
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


def _show(text: str) -> None:
    emit(fit(text))


def _fail(message: str) -> None:
    emit(f"error: {one_line(message)}", file=sys.stderr)
    sys.exit(2)
