"""Finds images under the wrong name, and people under two names, for you to look at.

    facerec find-label-errors --workdir=RUN --output=DIR [--data=RECORDS --degrees=75]
    facerec find-label-errors --model=FILE.keras --data=RECORDS --output=DIR

Any recognizer will do, also one trained on other people: a run, a `.keras` file or an exported
folder. Each identity's centre is where most of its images lie. Images more than `--degrees` from
the others there are flagged (the rule of Sub-center ArcFace, ECCV 2020); identities whose centres
are nearer than `--same_degrees` to each other look like one person (by default midway between how
far halves of one identity lie apart and how far the nearest other does, in the median). An
identity's only image cannot be judged; of two that disagree, both are flagged. Writes to OUTPUT

- `images.csv`: the flagged images, farthest first, each with the nearest other identity;
- `identities.csv`: all identities, each with the nearest other, nearest first;
- `images*.png`: flagged images beside the most central ones of their identity and of the other;
- `identities*.png`: pairs of identities that look like one person.

Nothing is left out or changed: judge by the pictures. `facerec clean-labels` drops or re-labels
images on its own, for which it needs a recognizer trained on these very records with several
centres an identity (`--loss=subcenter_arcface`).
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.find_label_errors import find_label_errors
from facerec_tf.verbs.common import FLAGS, define_model_flags, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    define_model_flags("`.keras` file or exported folder, instead of a run.")
    flags.DEFINE_string("data", None, "Folder of records to look at; default: the run's own.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_float("degrees", 75.0, "Angle to its identity that is too far.")
    flags.DEFINE_float(
        "same_degrees", None, "Angle between identities of one person; default: found in the data."
    )
    flags.DEFINE_integer("shown", 48, "Images, and pairs of identities, on the sheets.")
    flags.DEFINE_boolean("flip_fusion", False, "Add the mirrored image's embedding.")
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Looks for label errors as the flags say."""
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
