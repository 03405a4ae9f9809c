"""Drops or relabels images that are far from the dominant centre of their identity.

    facerec clean-labels --workdir=RUN --output=DIR [--degrees=75 --action=drop]

RUN must be trained with `--loss=subcenter_arcface` (ECCV 2020). Each identity then has several
centres; the dominant one is the nearest to most of its images. Images more than `--degrees` from it
are dropped. With `--action=relabel`, they are assigned to the nearest other identity whose dominant
centre is within `--degrees`, if one exists. An identity receives images only if at least one of its
own images is within `--degrees` of its dominant centre. Identities that are left without images are
removed from the manifest. Relabel only with a recognizer that separates its training identities
well: with a weak one, every image is near some identity.

If a share of more than `--max_dropped` of the images would be dropped or relabelled, nothing is
written. The images of a recognizer that is not trained are about 90 degrees from all centres.

Identities that the run excluded (`--min_images`) have no centres; their images are copied
unchanged. Damaged images are left out; if more than 1 % are damaged, the command fails. Pair sets
in `DATA/pairs` are copied. `OUTPUT/label_noise.csv` has one row per image, in the order of DATA:
file name, identity, angle to the dominant centre in degrees, decision (kept, dropped, relabelled,
damaged, or unjudged: copied without a check), and the new identity of a relabelled image.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.clean_labels import clean_labels
from facerec_tf.curation.cleaned_records import REPORT
from facerec_tf.verbs.common import FLAGS, define_model_flags, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file, instead of a run.")
    flags.DEFINE_string("data", None, "Folder of records to clean; default: the run's own.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_float("degrees", 75.0, "Maximum angle to the dominant centre.")
    flags.DEFINE_enum("action", "drop", ["drop", "relabel"], "Action for images beyond --degrees.")
    flags.DEFINE_float(
        "max_dropped",
        0.5,
        "Maximum share of the images to drop or relabel; if more, nothing is written.",
    )
    flags.DEFINE_integer(
        "min_images", None, "With --model: value of --min_images in its training; default: 1."
    )
    flags.DEFINE_boolean(
        "flip_fusion", False, "Whether to add the embedding of the mirrored image."
    )
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Writes cleaned records and prints a summary."""
    summary = clean_labels(
        Path(FLAGS.output),
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        data=FLAGS.data,
        degrees=FLAGS.degrees,
        relabel=FLAGS.action == "relabel",
        max_dropped=FLAGS.max_dropped,
        min_images=FLAGS.min_images,
        flip_fusion=FLAGS.flip_fusion,
    )
    wrote = f"Wrote all angles to '{Path(FLAGS.output) / REPORT}'."
    # Records cleaned by an untrained recognizer should not be trained on.
    summarize(summary, wrote, *([] if "warning" in summary else [next_train(FLAGS.output)]))
