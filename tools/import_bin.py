"""Turns InsightFace's verification sets (lfw.bin, cfp_fp.bin, agedb_30.bin …) into pairs.

    python tools/import_bin.py --bin=faces_emore/lfw.bin --output=DATA/pairs/lfw
    python -m facerec_tf.evaluate --model=FILE --data=DATA --protocol=lfw

Such a file is a pickle; one that would run code is refused.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.command import run
from facerec_tf.core.lookup import require_known
from facerec_tf.importers.verification_bin import import_bin

_BIN = flags.DEFINE_string("bin", None, "The verification set.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make: DATA/pairs/NAME.")
_ALIGNMENT = flags.DEFINE_string("alignment", "arcface-112", "Landmark template of the crops.")


def main() -> None:
    """Imports as the flags say."""
    require_known(_ALIGNMENT.value, [*TEMPLATES, "unknown"], "alignment")
    output = Path(_OUTPUT.value)
    for name, content in import_bin(Path(_BIN.value), output, alignment=_ALIGNMENT.value).items():
        print(f"{name}: {content}")
    print(
        f"Wrote '{output}'. Evaluate with: python -m facerec_tf.evaluate --model=FILE "
        f"--data={output.parent.parent} --protocol={output.name}"
    )


if __name__ == "__main__":
    flags.mark_flags_as_required(["bin", "output"])
    run(main)
