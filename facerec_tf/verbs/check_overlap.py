"""Finds people who are in both the training data and the test data, by name and by face.

    facerec check-overlap --data=DIR --test=DIR/pairs/lfw_view2 --output=DIR
    facerec check-overlap --data=DIR --test=DIR2 --model=FILE.keras --output=DIR

TEST is a pair set or a folder of records. Identities with an equal image, byte for byte, are
listed. Names are compared without regard to case, accents and punctuation: "Zoë_Ångström" equals
"zoe angstrom". With a recognizer (--workdir or --model), the mean directions of the embeddings of
up to --images images per identity are compared as well. For each training identity, the nearest
test identity is listed if the angle is at most --degrees.

A small angle is a hint, not proof. With a MobileFaceNet at 55 degrees, the check misses 20 % of the
people who have one image in each set and none of those who have three; 0.1 % of the people are
matched with one of 4,000 other people. Check the pictures. A recognizer that places half of all
pairs of a training and a test identity within --degrees of each other is refused.

Only OUTPUT is written: `overlap.csv` lists the pairs, nearest first, with their angle and how they
were found; pairs with equal images come last. `overlap.png` shows some of them, training images on
the left, test images on the right, pairs with different names first. `overlapping.txt` lists the
names in DATA, in the format that `facerec split-records --exclude` reads.
"""

from __future__ import annotations

import shlex
from pathlib import Path

from absl import flags

from facerec_tf.curation.check_overlap import check_overlap_by
from facerec_tf.curation.overlap_report import NAMES
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("data", None, "Folder of records to train on.")
    flags.DEFINE_string("test", None, "Folder of records, or of a pair set, to test on.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    define_model_flags("`.keras` file or exported folder, instead of a run.")
    flags.DEFINE_float("degrees", None, "Maximum angle between listed identities; default: 55.")
    flags.DEFINE_boolean("names", True, "Whether to compare names.")
    flags.DEFINE_integer("images", 10, "Maximum number of images embedded per identity.")
    flags.DEFINE_integer("shown", 24, "Number of pairs in overlap.png.")
    flags.mark_flags_as_required(["data", "test", "output"])


def main() -> None:
    """Checks for overlap and prints a summary."""
    summary = check_overlap_by(
        Path(FLAGS.output),
        Path(FLAGS.data),
        Path(FLAGS.test),
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        degrees=FLAGS.degrees,
        by_name=FLAGS.names,
        images=FLAGS.images,
        shown=FLAGS.shown,
    )
    summarize(summary, f"Wrote '{FLAGS.output}'.", *_next_commands(Path(FLAGS.output)))


def _next_commands(output: Path) -> list[str]:
    """The command that leaves out the people found, if there are any."""
    if not (listed := output / NAMES).stat().st_size:
        return []
    command = ["facerec", "split-records", f"--data={FLAGS.data}", f"--exclude={listed}"]
    return [f"Leave them out with: {shlex.join(command)} --output=DIR"]
