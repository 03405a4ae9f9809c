"""Converts InsightFace's verification sets (lfw.bin, cfp_fp.bin, agedb_30.bin …) to pair sets.

    facerec import-bin --bin=faces_emore/lfw.bin --output=DATA/pairs/lfw
    facerec evaluate --model=FILE --data=DATA --protocol=lfw

The files are pickles. A pickle that would run code is rejected.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.lookup import require_known
from facerec_tf.importers.verification_bin import import_bin
from facerec_tf.verbs.common import FLAGS, next_evaluate, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("bin", None, "Verification set to convert.")
    flags.DEFINE_string("output", None, "Output folder: new or empty, such as DATA/pairs/NAME.")
    flags.DEFINE_string("alignment", "arcface-112", "Alignment template of the crops, or unknown.")
    flags.mark_flags_as_required(["bin", "output"])


def main() -> None:
    """Imports the pairs and prints a summary."""
    require_known(FLAGS.alignment, [*TEMPLATES, "unknown"], "alignment")
    output = Path(FLAGS.output)
    summary = import_bin(Path(FLAGS.bin), output, alignment=FLAGS.alignment)
    summarize(summary, next_evaluate(output))
