"""Turns an MXNet record file into records, as InsightFace ships CASIA, MS1M or Glint360K.

    facerec import-mxnet --rec=faces_emore/train.rec --output=RECORDS
    facerec import-mxnet --rec=mine.rec --lst=mine.lst --size=112 --alignment=unknown \
        --output=RECORDS

`train.idx` and `property` are looked for beside `train.rec`. JPEGs go into the records as they are.
What is no JPEG or PNG is listed in `RECORDS/rejected.csv`; more than 1 % of those stop the tool.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.errors import require_count
from facerec_tf.core.lookup import require_known
from facerec_tf.importers.mxnet import import_mxnet
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("rec", None, "The record file.")
    flags.DEFINE_string("idx", None, "Its index; by default the one beside it, if any.")
    flags.DEFINE_string("lst", None, "MXNet's list, which has the images' names.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_string("alignment", "arcface-112", "Template that the crops follow, or unknown.")
    flags.DEFINE_integer("size", None, "Side in pixels, where there is no 'property'.")
    flags.DEFINE_string("name", "train", "First part of the shards' names.")
    flags.DEFINE_integer(
        "shards", None, "Files to spread the records over; default: 16, or one for every 256 MB."
    )
    flags.DEFINE_integer("seed", 0, "Of the shuffle.")
    flags.mark_flags_as_required(["rec", "output"])


def main() -> None:
    """Runs the import as the flags say."""
    require_known(FLAGS.alignment, [*TEMPLATES, "unknown"], "alignment")
    if FLAGS.size is not None:
        require_count("size", FLAGS.size)
    summary = import_mxnet(
        Path(FLAGS.rec),
        Path(FLAGS.output),
        idx=Path(FLAGS.idx) if FLAGS.idx else None,
        lst=Path(FLAGS.lst) if FLAGS.lst else None,
        image_size=(FLAGS.size, FLAGS.size) if FLAGS.size else None,
        alignment=FLAGS.alignment,
        name=FLAGS.name,
        num_shards=FLAGS.shards,
        seed=FLAGS.seed,
    )
    summarize(summary, next_train(FLAGS.output))
