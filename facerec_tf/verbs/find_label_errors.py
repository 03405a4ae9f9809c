"""Finds images with a wrong label, and people with two labels, for manual review.

    facerec find-label-errors --workdir=RUN --output=DIR [--data=RECORDS --degrees=75]
    facerec find-label-errors --model=FILE.keras --data=RECORDS --output=DIR

Any recognizer can be used, including one trained on other people: a run, a `.keras` file or an
exported folder. The centre of an identity is the mean direction of the majority of its images.
An image more than `--degrees` from the mean of the others is flagged (the rule of Sub-center
ArcFace, ECCV 2020). Identities whose centres are less than `--same_degrees` apart may be the same
person. The default is midway between two medians: the angle between two halves of one identity, and
the angle to the nearest other identity. An identity with one image cannot be checked; if an
identity has two images that disagree, both are flagged. The files in OUTPUT are

- `images.csv`: the flagged images, farthest first, each with the nearest other identity;
- `identities.csv`: all identities, each with the nearest other, nearest first;
- `images*.png`: flagged images beside the most central ones of their identity and of the other;
- `identities*.png`: pairs of identities that may be the same person.

The records are not changed. `facerec clean-labels` drops or relabels images automatically; it needs
a recognizer that was trained on the same records with several centres per identity
(`--loss=subcenter_arcface`).
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.find_label_errors import find_label_errors
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file or exported folder, instead of a run.")
    flags.DEFINE_string("data", None, "Folder of records to check; default: the run's own.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_float("degrees", 75.0, "Maximum angle between an image and its identity.")
    flags.DEFINE_float(
        "same_degrees",
        None,
        "Maximum angle between identities of one person; default: from the data.",
    )
    flags.DEFINE_integer(
        "shown", 48, "Number of images, and of pairs of identities, in the pictures."
    )
    flags.DEFINE_boolean(
        "flip_fusion", False, "Whether to add the embedding of the mirrored image."
    )
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Finds label errors and prints a summary."""
    summary = find_label_errors(
        Path(FLAGS.output),
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        data=FLAGS.data,
        degrees=FLAGS.degrees,
        same_degrees=FLAGS.same_degrees,
        shown=FLAGS.shown,
        flip_fusion=FLAGS.flip_fusion,
    )
    summarize(summary, f"Wrote '{FLAGS.output}'.")
