"""Writes a trained recognizer in a form that runs without this package.

    facerec export --workdir=runs/NAME --output=DIR [--format=onnx]

The written model is loaded again, and its embeddings are compared with those of the recognizer.
"""

from __future__ import annotations

from absl import flags

from facerec_tf.experiment import export
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file, instead of a run.")
    flags.DEFINE_string(
        "format",
        "saved_model",
        "Format of the export: saved_model for TensorFlow; xla for a SavedModel that XLA compiles "
        "where it is loaded; litert for phones and XNNPACK (needs facerec_tf[litert] "
        "where TensorFlow has no interpreter); onnx for ONNX Runtime (needs facerec_tf[onnx]).",
    )
    flags.DEFINE_boolean(
        "flip_fusion",
        False,
        "Whether to add the embedding of the mirrored image, inside the model.",
    )
    flags.DEFINE_string("output", None, "Output folder: new or empty.", required=True)


def main() -> None:
    """Exports a recognizer and prints the check of its embeddings."""
    difference = export(
        FLAGS.output,
        form=FLAGS.format,
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        flip_fusion=FLAGS.flip_fusion,
    )
    summarize(
        {},
        f"written to {FLAGS.output}; loaded again, embeddings differ by {difference:.1e} at most",
        f"use it: facerec_tf.Embedder({FLAGS.output!r}).embed(images)",
    )
