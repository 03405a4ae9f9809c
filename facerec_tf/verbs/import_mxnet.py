r"""Converts an MXNet record file, as InsightFace ships CASIA, MS1M or Glint360K, to records.

    facerec import-mxnet --rec=faces_emore/train.rec --output=RECORDS
    facerec import-mxnet --rec=mine.rec --lst=mine.lst --size=112 --alignment=unknown \
        --output=RECORDS

`train.idx` and `property` are read from the folder of `train.rec`. JPEGs are copied without
re-encoding. Images that are neither JPEG nor PNG are listed in `RECORDS/rejected.csv`; if they are
more than 1 %, the command fails.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.errors import require_count
from facerec_tf.core.files import require_regular_file
from facerec_tf.core.lookup import require_known
from facerec_tf.importers.mxnet import import_mxnet
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("rec", None, "MXNet record file.")
    flags.DEFINE_string("idx", None, "Index file; default: the one next to --rec, if it exists.")
    flags.DEFINE_string("lst", None, "MXNet list file, which contains the image names.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_string("alignment", "arcface-112", "Alignment template of the crops, or unknown.")
    flags.DEFINE_integer(
        "size", None, "Side of the images in pixels, if the file 'property' is missing."
    )
    flags.DEFINE_string("name", "train", "Prefix of the shard file names.")
    flags.DEFINE_integer(
        "shards", None, "Number of shard files; default: 16, or one per 256 MB if that is more."
    )
    flags.DEFINE_integer("seed", 0, "Seed of the shuffle.")
    flags.mark_flags_as_required(["rec", "output"])


def main() -> None:
    """Imports the record file and prints a summary."""
    require_known(FLAGS.alignment, [*TEMPLATES, "unknown"], "alignment")
    if FLAGS.size is not None:
        require_count("size", FLAGS.size)
    require_regular_file(FLAGS.rec, "record file")
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
