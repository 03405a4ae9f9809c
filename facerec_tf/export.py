"""`python -m facerec_tf.export`: writes a trained recognizer for serving."""

from __future__ import annotations

from facerec_tf import command, flags
from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError

FLAGS = flags.FLAGS


def main() -> None:
    """Exports, and says how far the exported embeddings are from the model's own."""
    from facerec_tf import experiment

    if not FLAGS.output:
        raise ArgumentError("--output=DIR is needed: the folder to write.")
    difference = experiment.export(
        FLAGS.output,
        form=FLAGS.format,
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        flip_fusion=FLAGS.flip_fusion,
    )
    chief.emit(
        f"written to {FLAGS.output}; loaded again, embeddings differ by {difference:.1e} at most"
    )
    chief.emit(f"use it: facerec_tf.Embedder({FLAGS.output!r}).embed(images)")


if __name__ == "__main__":
    flags.define_export_flags()
    command.run(main)
