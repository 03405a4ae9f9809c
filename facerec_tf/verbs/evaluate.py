"""Verifies pairs of faces with a recognizer; prints a table and writes a report.

    facerec evaluate --workdir=runs/NAME
    facerec evaluate --model=FILE --data=DIR --protocol=lfw_view2

A run is evaluated on the pairs on which it was verified while it was trained, unless --data or
--protocol names others. The score of a pair is the cosine similarity of two embeddings, from -1 to
1; a pair is accepted as one person if its score is at least the threshold.

The report consists of `evaluation.json` (all figures, and the threshold with its model and data),
`verification.png`, and for a run `report.png`.
"""

from __future__ import annotations

from absl import flags

from facerec_tf.evaluation import Verification, table
from facerec_tf.experiment import evaluate
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file or exported folder, instead of a run.")
    flags.DEFINE_string(
        "data",
        None,
        "Folder with the pairs, needed with --model; default: the folder of the run's records.",
    )
    flags.DEFINE_string(
        "protocol",
        None,
        "Pair set: lfw_view1, lfw_view2 or another folder in DATA/pairs. Default: the run's own "
        "pairs, or with --data the only ones there.",
    )
    flags.DEFINE_boolean(
        "flip_fusion",
        None,
        "Whether to add the embedding of the mirrored image. Default: as in the run's "
        "verifications, true with --model.",
    )
    flags.DEFINE_string(
        "output",
        None,
        "Output folder; default: report/ in the run folder, or NAME.evaluation/ beside a model.",
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
    summarize(
        {},
        table(verification),
        *_explanations(verification),
        f"written to {directory}",
        _next_command(),
    )


def _explanations(verification: Verification) -> list[str]:
    point = verification.operating_point
    mirrored = "with" if point.flip_fusion else "without"
    return [
        f"score      cosine similarity of two embeddings, {mirrored} the mirrored crops added; a "
        f"pair is accepted at {verification.threshold:.4f} or more",
        f"pairs      {point.data}",
    ]


def _next_command() -> str:
    """The command, or the line of Python, that makes use of the recognizer."""
    if FLAGS.workdir:
        chosen = "" if FLAGS.checkpoint == "final" else f" --checkpoint={FLAGS.checkpoint}"
        source = f"--workdir={FLAGS.workdir}{chosen}"
    elif FLAGS.model.endswith(".keras"):
        source = f"--model={FLAGS.model}"
    else:
        return f"use it     facerec_tf.Embedder({FLAGS.model!r}).embed(images)"
    return f"export it  python -m facerec_tf.export {source} --output=DIR"
