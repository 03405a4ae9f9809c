"""Draws synthetic people as training records, and pairs of other synthetic people.

    facerec make-synthetic --output=DIR [--identities=200 --images=24 --seed=0]

The pairs are written to `OUTPUT/pairs/synthetic`.
"""

from __future__ import annotations

from absl import flags

from facerec_tf.data import write_synthetic
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("output", None, "Output folder: new or empty.", required=True)
    flags.DEFINE_integer("identities", 200, "Number of people to train on.")
    flags.DEFINE_integer("images", 24, "Number of images per person.")
    flags.DEFINE_integer("seed", 0, "Seed of the people, their images and the pairs.")
    flags.DEFINE_integer(
        "holdout_identities", 80, "Number of other people, held out for the pairs; 0: no pairs."
    )
    flags.DEFINE_integer("pairs", 1600, "Number of pairs of these other people: a multiple of 20.")


def main() -> None:
    """Writes synthetic records and prints a summary."""
    manifest = write_synthetic(
        FLAGS.output,
        identities=FLAGS.identities,
        images=FLAGS.images,
        seed=FLAGS.seed,
        holdout=FLAGS.holdout_identities,
        pairs=FLAGS.pairs,
    )
    pairs = FLAGS.pairs if FLAGS.holdout_identities else 0
    summary = {
        "training": f"{manifest.num_images} images of {manifest.num_classes} people",
        "synthetic": f"{pairs} pairs of {FLAGS.holdout_identities} others",
    }
    summarize(summary, next_train(FLAGS.output))
