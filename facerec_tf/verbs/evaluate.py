"""Verifies pairs of faces with a recognizer; prints a table and writes a report.

    facerec evaluate --workdir=runs/NAME
    facerec evaluate --model=FILE --data=DIR --protocol=lfw_view2

The report consists of `evaluation.json` (all figures, and the threshold with its model and data),
`verification.png`, and for a run `report.png`.
"""

from __future__ import annotations

from absl import flags

from facerec_tf.evaluation import table
from facerec_tf.experiment import evaluate
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file or exported folder, instead of a run.")
    flags.DEFINE_string("data", None, "Folder with the pairs; default: the run's own data.")
    flags.DEFINE_string(
        "protocol",
        "pairs",
        "Pair set: lfw_view1, lfw_view2 or another folder in DATA/pairs; 'pairs' is the only one "
        "there.",
    )
    flags.DEFINE_boolean("flip_fusion", True, "Whether to add the embedding of the mirrored image.")
    flags.DEFINE_string(
        "output",
        None,
        "Output folder; default: the run's report/, with --model the current folder.",
    )


def main() -> None:
    """Evaluates a recognizer and prints the table."""
    verification, directory = evaluate(
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        data=FLAGS.data,
        protocol=FLAGS.protocol,
        flip_fusion=FLAGS.flip_fusion,
        output=FLAGS.output,
    )
    summarize({}, table(verification), f"written to {directory}")
