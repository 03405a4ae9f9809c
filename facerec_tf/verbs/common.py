"""Flags and summaries that several verbs share."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from absl import flags

from facerec_tf.core import chief
from facerec_tf.verbs.training_suggestion import suggested_training_command

FLAGS = flags.FLAGS


def define_model_flags(model_help: str) -> None:
    """Defines `--workdir`, `--model` and `--checkpoint`, which choose a recognizer.

    Args:
        model_help: Help text of `--model`.
    """
    flags.DEFINE_string("workdir", None, "Run folder of the recognizer.")
    flags.DEFINE_string("model", None, model_help)
    flags.DEFINE_string(
        "checkpoint",
        "final",
        "State of the run: 'final', 'latest', or 'best' by verification accuracy.",
    )


def summarize(summary: Mapping[str, Any], *closing: str) -> None:
    """Prints one line per entry of `summary`, then the lines of `closing`."""
    for name, content in summary.items():
        chief.emit(f"{name}: {content}")
    for line in closing:
        chief.emit(line)


def next_train(output: str | os.PathLike, data: str | os.PathLike | None = None) -> str:
    """The last line of the summary of verbs that write training records.

    Args:
        output: Folder that was written.
        data: Folder of the training records, if it is not `output`.
    """
    command = suggested_training_command(data or output)
    if command is None:
        return f"Wrote '{output}'. Training needs at least two identities."
    return f"Wrote '{output}'. Train with: {command}"


def next_evaluate(output: Path) -> str:
    """The last line of the summary of verbs that write a pair set."""
    data, name = output.parent.parent, output.name
    place = {"data": data, "protocol": name} if output.parent.name == "pairs" else {"data": output}
    flags = " ".join(f"--{flag}={shlex.quote(str(value))}" for flag, value in place.items())
    return f"Wrote '{output}'. Evaluate with: python -m facerec_tf.evaluate --model=FILE {flags}"
