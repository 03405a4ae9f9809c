"""`python -m facerec_tf.evaluate`: judges a recognizer on pairs of faces."""

from __future__ import annotations

from facerec_tf import command, flags
from facerec_tf.core import chief

FLAGS = flags.FLAGS


def main() -> None:
    """Prints a table and leaves `evaluation.json` and pictures."""
    from facerec_tf import experiment
    from facerec_tf.evaluation import table

    verification, directory = experiment.evaluate(
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        data=FLAGS.data,
        protocol=FLAGS.protocol,
        flip_fusion=FLAGS.flip_fusion,
        output=FLAGS.output,
    )
    chief.emit(table(verification))
    chief.emit(f"written to {directory}")


if __name__ == "__main__":
    flags.define_evaluation_flags()
    command.run(main)
