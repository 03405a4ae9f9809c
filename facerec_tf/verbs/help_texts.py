"""Writes the help text of every verb, and the description of every loss and backbone.

    python -m facerec_tf.verbs.help_texts

The texts are part of the package, so that help needs no TensorFlow. A test compares them with the
flags and docstrings; run this command when it fails.
"""

from __future__ import annotations

import dataclasses
import importlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import flags

from facerec_tf.photographs import AlignmentOptions
from facerec_tf.verbs.descriptions import DESCRIPTIONS
from facerec_tf.verbs.help_layout import flag_entry, unwrap
from facerec_tf.verbs.parsing import required_flags
from facerec_tf.verbs.table import VERBS

FOLDER = Path(__file__).parent / "help"

#: Heading → flags that several verbs share.
_SHARED = {
    "Recognizer": ("workdir", "model", "checkpoint"),
    "Detection and alignment": tuple(f.name for f in dataclasses.fields(AlignmentOptions)),
}


def render_all() -> dict[str, str]:
    """File name in `FOLDER` → content of every text."""
    texts = {f"{verb}.txt": render_help(verb) for verb in VERBS}
    for verb, describe in DESCRIPTIONS.items():
        for name, text in describe().items():
            texts[f"{verb}/{name}.txt"] = f"{text}\n"
    return texts


def render_help(verb: str) -> str:
    """The help text of `verb`. Its flags are defined to read them, and removed again."""
    module = importlib.import_module(f"facerec_tf.verbs.{verb.replace('-', '_')}")
    before = set(flags.FLAGS)
    module.define_flags()
    own = [name for name in flags.FLAGS if name not in before]
    groups = module.flag_groups() if hasattr(module, "flag_groups") else _groups(own)
    required = required_flags(own)
    try:
        sections = [
            "\n".join([f"{heading}:", *(_render_flag(name, name in required) for name in names)])
            for heading, names in groups.items()
        ]
    finally:
        for name in own:
            delattr(flags.FLAGS, name)
    usage = getattr(module, "USAGE", f"facerec {verb} [flags]")
    parts = [f"usage: {usage}", unwrap((module.__doc__ or "").strip()), *sections]
    return "\n\n".join([*parts, "Also: --flagfile=FILE reads flags from a file."]) + "\n"


def _groups(own: Sequence[str]) -> Mapping[str, Sequence[str]]:
    """Heading → flags in the order of their definition; without empty groups."""
    shared = {heading: [n for n in own if n in names] for heading, names in _SHARED.items()}
    taken = {name for names in shared.values() for name in names}
    groups = {"Flags": [name for name in own if name not in taken], **shared}
    return {heading: names for heading, names in groups.items() if names}


def _render_flag(name: str, is_required: bool) -> str:
    flag = flags.FLAGS[name]
    return flag_entry(
        f"{'[no]' if flag.boolean else ''}{name}",
        _text(flag),
        default=(flag.default_as_str or "").strip("'[]"),
        note="required" if is_required else "",
    )


def _text(flag: flags.Flag) -> str:
    """What a flag means, without the additions of absl."""
    text = " ".join((flag.help or "").split())
    if isinstance(flag, flags.EnumFlag):
        choices = flag.parser.enum_values
        own = text.removeprefix("<" + "|".join(choices) + ">: ")
        return f"{own} One of {', '.join(choices)}."
    return text.replace("; repeat this option to specify a list of values", "; can be repeated.")


def main() -> None:
    """Writes all texts, and removes those that no longer exist."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, text in render_all().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
