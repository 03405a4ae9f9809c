"""Drops or re-labels images that lie far from the dominant centre of their identity.

    facerec clean-labels --workdir=RUN --output=DIR [--degrees=75 --action=drop]

RUN was trained with `--loss=subcenter_arcface` (ECCV 2020): each identity has several centres, of
which the dominant one is nearest to most of its images. Images past `--degrees` from it are left
out; with `--action=relabel` they go to the nearest other identity whose dominant centre is within
`--degrees` of them, if there is one. An identity none of whose own images is that near to its
dominant centre takes in no others, and one that is left without images goes from the manifest.
Re-label by a recognizer that sets its training people well apart: to a weak one, someone is near
whatever an image shows.

Identities that the run left out (`--min_images`) have no centres: their images are written as they
are. Damaged images are left out; more than 1 % of them stop the tool. Pair sets in `DATA/pairs` are
copied. `OUTPUT/label_noise.csv` has a line for every image, in the order of DATA: its name, its
identity, the angle to the dominant centre in degrees, what was done (kept, dropped, relabelled,
damaged, or unjudged: written as it is), and the new identity of a relabelled one.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation import REPORT, clean_labels
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file to judge by instead of a run.")
    flags.DEFINE_string("data", None, "Folder of records to clean; default: the run's own.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_float("degrees", 75.0, "Angle to the dominant centre that is too far.")
    flags.DEFINE_enum(
        "action", "drop", ["drop", "relabel"], "What to do with images past --degrees."
    )
    flags.DEFINE_integer(
        "min_images", None, "With --model: the --min_images it was trained with; default: 1."
    )
    flags.DEFINE_boolean("flip_fusion", False, "Add the mirrored image's embedding.")
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Cleans as the flags say."""
    summary = clean_labels(
        Path(FLAGS.output),
        workdir=FLAGS.workdir,
        model=FLAGS.model,
        checkpoint=FLAGS.checkpoint,
        data=FLAGS.data,
        degrees=FLAGS.degrees,
        relabel=FLAGS.action == "relabel",
        min_images=FLAGS.min_images,
        flip_fusion=FLAGS.flip_fusion,
    )
    summarize(
        summary,
        f"Wrote '{FLAGS.output}' and all angles to '{Path(FLAGS.output) / REPORT}'. Train with: "
        f"python -m facerec_tf.train --data={FLAGS.output}",
    )
