"""Lists all margin heads and losses on embeddings: parameters, defaults and source.

    facerec losses
    facerec losses arcface

With a name, describes that loss: formula, and every parameter with its meaning and default. The
parameters of a --loss are flags of `facerec train`.
"""

from __future__ import annotations

from collections.abc import Mapping

from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.losses import LOSSES, EmbeddingLoss
from facerec_tf.margins import MARGINS, MarginLayer
from facerec_tf.verbs.common import summarize

USAGE = "facerec losses [NAME]"


def define_flags() -> None:
    """Defines the flags of the verb: it has none."""


def main() -> None:
    """Prints both tables."""
    lines = ["Margin heads (--loss):", *_rows(MARGINS)]
    lines += ["", "Losses on embeddings (--loss, or --auxiliary=NAME:WEIGHT):", *_rows(LOSSES)]
    summarize({}, *lines)


def _rows(table: Mapping[str, type[MarginLayer] | type[EmbeddingLoss]]) -> list[str]:
    parameters = {name: _parameters(kind) for name, kind in table.items()}
    name_width, width = (max(map(len, texts)) for texts in (table, parameters.values()))
    return [
        f"  {name:{name_width}}  {parameters[name]:{width}}  {kind.source}"
        for name, kind in table.items()
    ]


def _parameters(kind: type) -> str:
    defaults = hyperparameters(kind).items()
    return " ".join(f"{k}={v}" if v is not None else k for k, v in defaults) or "no parameters"
