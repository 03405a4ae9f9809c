"""Turns InsightFace's verification sets (lfw.bin, cfp_fp.bin, agedb_30.bin …) into pairs.

    facerec import-bin --bin=faces_emore/lfw.bin --output=DATA/pairs/lfw
    python -m facerec_tf.evaluate --model=FILE --data=DATA --protocol=lfw

Such a file is a pickle; one that would run code is refused.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.lookup import require_known
from facerec_tf.importers.verification_bin import import_bin
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("bin", None, "The verification set.")
    flags.DEFINE_string("output", None, "Folder to make: DATA/pairs/NAME.")
    flags.DEFINE_string("alignment", "arcface-112", "Landmark template of the crops.")
    flags.mark_flags_as_required(["bin", "output"])


def main() -> None:
    """Imports as the flags say."""
    require_known(FLAGS.alignment, [*TEMPLATES, "unknown"], "alignment")
    output = Path(FLAGS.output)
    summarize(
        import_bin(Path(FLAGS.bin), output, alignment=FLAGS.alignment),
        f"Wrote '{output}'. Evaluate with: python -m facerec_tf.evaluate --model=FILE "
        f"--data={output.parent.parent} --protocol={output.name}",
    )
