"""Makes one data set of several folders of records.

    facerec merge-records --inputs=DIR1,DIR2 --output=DIR [--same=PEOPLE.csv] [--same_names]
    facerec merge-records --inputs=casia=DIR1,vgg=DIR2 --output=DIR

A data set is called as its folder, or as NAME=DIR says. Identities stay apart unless told that they
are one person: by --same, a CSV file with the columns dataset,identity,person, in which identities
of the same person are one; or by --same_names, if equal names are the same person, as in CASIA,
VGGFace2 and LFW, and not merely numbers. Where a name would stand for two people, it becomes
DATASET/NAME for both. The labels of the first data set stay as they are as long as no two of its
identities are one person.

`OUTPUT/label_map.csv` has a line for every identity: its data set, its label and name there, and
its label and name now. Images are called DATASET/FILENAME. Records must be of one image size and
alignment. Pair sets are not taken over: who is held out of one data set may be in another, which
facerec check-overlap finds out.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.merge import merge_records, name_inputs
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_list("inputs", None, "Folders of records, as DIR or NAME=DIR.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_string("same", None, "CSV of dataset,identity,person: who is one person.")
    flags.DEFINE_boolean("same_names", False, "Equal names are the same person.")
    flags.DEFINE_string("name", "train", "First part of the shards' names.")
    flags.DEFINE_integer("shards", None, "Files to spread the records over; default: as now.")
    flags.DEFINE_integer("seed", 0, "Of the shuffle.")
    flags.mark_flags_as_required(["inputs", "output"])


def main() -> None:
    """Merges as the flags say."""
    summary = merge_records(
        Path(FLAGS.output),
        name_inputs(FLAGS.inputs),
        same=Path(FLAGS.same) if FLAGS.same else None,
        same_names=FLAGS.same_names,
        name=FLAGS.name,
        num_shards=FLAGS.shards,
        seed=FLAGS.seed,
    )
    summarize(summary, next_train(FLAGS.output))
