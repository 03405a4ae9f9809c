"""Merges several folders of records into one data set.

    facerec merge-records --inputs=DIR1,DIR2 --output=DIR [--same=PEOPLE.csv] [--same_names]
    facerec merge-records --inputs=casia=DIR1,vgg=DIR2 --output=DIR

The name of a data set is the name of its folder, or NAME in NAME=DIR. By default, identities of
different data sets stay separate. --same reads a CSV file with the columns dataset,identity,person;
identities with the same person are merged. --same_names merges identities with equal names; use it
if names are names of people, as in CASIA, VGGFace2 and LFW, and not numbers. If two different
people have the same name, both are renamed to DATASET/NAME. Names are written in Unicode's form
NFC; identities of one data set whose names are then equal are merged, and their number is printed.
Labels of the first data set do not change unless two of its identities are merged.

`OUTPUT/label_map.csv` has one row per identity: data set, old label and name, new label and name.
Images are named DATASET/FILENAME. All records must have the same image size and alignment. Pair
sets are not copied, because people held out of one data set may be in another; `facerec
check-overlap` finds them.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.merge import merge_records, name_inputs
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_list("inputs", None, "Folders of records, as DIR or NAME=DIR.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_string("same", None, "CSV file with the columns dataset,identity,person.")
    flags.DEFINE_boolean("same_names", False, "Whether to merge identities with equal names.")
    flags.DEFINE_string("name", "train", "Prefix of the shard file names.")
    flags.DEFINE_integer(
        "shards", None, "Number of shard files; default: as many as the inputs have."
    )
    flags.DEFINE_integer("seed", 0, "Seed of the shuffle.")
    flags.mark_flags_as_required(["inputs", "output"])


def main() -> None:
    """Merges the inputs and prints a summary."""
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
