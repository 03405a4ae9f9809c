"""Finds people who are trained on and tested on alike, by name and by how they look.

    facerec check-overlap --data=DIR --test=DIR/pairs/lfw_view2 --output=DIR
    facerec check-overlap --data=DIR --test=DIR2 --model=FILE.keras --output=DIR

TEST is a pair set or a folder of records. Names are the same whatever their case, accents and
punctuation: "Zoë_Ångström" is "zoe angstrom". With a recognizer, --workdir or --model, the mean
direction of up to --images of each identity is compared too, and of everyone trained on the nearest
one tested on is listed if within --degrees. That is a hint, not proof: at 55 degrees, a
MobileFaceNet misses one person in five of whom both have one image only, none of whom they have
three, and takes one person in a thousand for another of four thousand. Look at the pictures.

Writes to OUTPUT, and changes nothing elsewhere: `overlap.csv`, the pairs, nearest first, with their
angle and how they were found; `overlap.png`, some of them, training images left, test images right,
those of unlike names first; `overlapping.txt`, the names in DATA, for `facerec split-records
--exclude` to leave out.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.check_overlap import check_overlap_by
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("data", None, "Folder of records to train on.")
    flags.DEFINE_string("test", None, "Folder of records, or of a pair set, to test on.")
    flags.DEFINE_string("output", None, "Folder to make.")
    define_model_flags("`.keras` file or exported folder, instead of a run.")
    flags.DEFINE_float("degrees", None, "Angle up to which people are listed; default: 55.")
    flags.DEFINE_boolean("names", True, "Compare names.")
    flags.DEFINE_integer("images", 10, "Images of an identity that are embedded, at most.")
    flags.DEFINE_integer("shown", 24, "Pairs in overlap.png.")
    flags.mark_flags_as_required(["data", "test", "output"])


def main() -> None:
    """Checks as the flags say."""
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
    summarize(summary, f"Wrote '{FLAGS.output}'.")
