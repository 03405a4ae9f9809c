r"""Converts photographs to records with an Apache Beam pipeline, on one or many machines.

    facerec make-records-beam --images=DIR --detector=yunet --output=RECORDS
    facerec make-records-beam … -- --direct_num_workers=4 \
        --direct_running_mode=multi_processing
    facerec make-records-beam … -- --runner=FlinkRunner --flink_master=HOST:8081

Flags after `--` are passed to Beam. Photographs and records can be at any address that Beam
supports (gs://, hdfs://, s3://), or on a disk that all workers can access. The detector's file must
have the same path on all workers. `RECORDS/rejected.csv` lists the photographs without a crop, with
the reason.
"""

from __future__ import annotations

import logging
from pathlib import Path

from absl import flags

from facerec_tf.core.extras import load_extra
from facerec_tf.core.lookup import lookup
from facerec_tf.photographs.table import FOLDER_LAYOUTS
from facerec_tf.verbs.alignment_flags import alignment_options, define_alignment_flags
from facerec_tf.verbs.common import FLAGS, next_train, summarize

#: Arguments after `--` on the command line are passed to `main`.
TAKES_REST = True


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("images", None, "Folder or address of the photographs.")
    flags.DEFINE_string("layout", "folders", f"Layout of --images: {', '.join(FOLDER_LAYOUTS)}.")
    flags.DEFINE_string("output", None, "Output folder or address: new or empty.")
    flags.DEFINE_string("name", "train", "Prefix of the shard file names.")
    flags.DEFINE_integer("shards", 16, "Number of shard files.")
    flags.DEFINE_integer(
        "min_images", 1, "Minimum number of images per person; others are excluded."
    )
    flags.DEFINE_integer("seed", 0, "Seed of the shuffle.")
    define_alignment_flags()
    flags.mark_flags_as_required(["images", "output"])


def main(beam_flags: list[str]) -> None:
    """Runs the pipeline and prints a summary."""
    logging.disable(logging.WARNING)  # Beam warns about cloud clients that are not installed.
    load_extra("apache_beam", "beam")
    logging.disable(logging.NOTSET)
    from facerec_tf.photographs.beam_records import beam_make_records, find_remote_photos

    options = alignment_options()
    if "://" in FLAGS.images:
        photos, rejected = find_remote_photos(FLAGS.images)
    else:
        photos, rejected = lookup(FOLDER_LAYOUTS, FLAGS.layout, "layout")(Path(FLAGS.images))
    beam_make_records(
        FLAGS.output,
        photos,
        options.make_cropper,
        crop_format=options.crop_format(),
        rejected=rejected,
        name=FLAGS.name,
        num_shards=FLAGS.shards,
        min_images=FLAGS.min_images,
        seed=FLAGS.seed,
        limits=options.limits(),
        beam_flags=beam_flags,
    )
    summarize({}, next_train(FLAGS.output))
