"""Writes the help text of every verb, from its docstring and its flags.

    python -m facerec_tf.verbs.help_texts

The texts are part of the package, so that help needs no TensorFlow. A test compares them with the
flags; run this command when it fails.
"""

from __future__ import annotations

import importlib
import textwrap
from pathlib import Path

from absl import flags

from facerec_tf.verbs.table import VERBS

FOLDER = Path(__file__).parent / "help"

_WIDTH = 100


def render_help(verb: str) -> str:
    """The help text of `verb`. Its flags are defined to read them, and removed again."""
    module = importlib.import_module(f"facerec_tf.verbs.{verb.replace('-', '_')}")
    before = set(flags.FLAGS)
    module.define_flags()
    own = [name for name in flags.FLAGS if name not in before]
    try:
        entries = [_render_flag(flags.FLAGS[name]) for name in sorted(own)]
    finally:
        for name in own:
            delattr(flags.FLAGS, name)
    description = (module.__doc__ or "").strip()
    more = "Further flags: --flagfile=FILE reads flags from a file, --helpfull lists all."
    parts = [f"usage: facerec {verb} [flags]", description]
    if entries:
        parts.append("\n".join(["Flags:", *entries]))
    return "\n\n".join([*parts, more]) + "\n"


def _render_flag(flag: flags.Flag) -> str:
    negation = "[no]" if flag.boolean else ""
    summary, *table = (flag.help or "").split("\n")
    lines = textwrap.wrap(
        f"--{negation}{flag.name}: {summary}", _WIDTH, initial_indent="  ", subsequent_indent="    "
    )
    lines += [f"      {row}" for row in table]
    if flag.default is not None:
        lines.append(f"    (default: {flag.default_as_str})")
    return "\n".join(lines)


def main() -> None:
    """Writes all texts, and removes those of verbs that no longer exist."""
    FOLDER.mkdir(exist_ok=True)
    for stale in FOLDER.glob("*.txt"):
        stale.unlink()
    for verb in VERBS:
        (FOLDER / f"{verb}.txt").write_text(render_help(verb), encoding="utf-8")


if __name__ == "__main__":
    main()
