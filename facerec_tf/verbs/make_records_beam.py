"""Turns photographs of people into records by an Apache Beam pipeline: `make_records` at any size.

    facerec make-records-beam --images=DIR --detector=yunet --output=RECORDS
    facerec make-records-beam … -- --direct_num_workers=4 \
        --direct_running_mode=multi_processing
    facerec make-records-beam … -- --runner=FlinkRunner --flink_master=HOST:8081

What follows `--` are Beam's own flags. Photographs and records may lie at any address that Beam
knows (gs://, hdfs://, s3://), or on a disk that all workers see; the detector's file must lie under
the same path for all. `RECORDS/rejected.csv` lists what gave no crop, and why.
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

#: What follows `--` on the command line goes to `main`.
TAKES_REST = True


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("images", None, "Folder or address of photographs.")
    flags.DEFINE_string("layout", "folders", f"Of that folder: {', '.join(FOLDER_LAYOUTS)}.")
    flags.DEFINE_string("output", None, "Folder or address to make.")
    flags.DEFINE_string("name", "train", "First part of the shards' names.")
    flags.DEFINE_integer("shards", 16, "Files to spread the records over.")
    flags.DEFINE_integer("min_images", 1, "Leave out people with fewer images.")
    flags.DEFINE_integer("seed", 0, "Of the shuffle.")
    define_alignment_flags()
    flags.mark_flags_as_required(["images", "output"])


def main(beam_flags: list[str]) -> None:
    """Runs the pipeline as the flags say."""
    logging.disable(logging.WARNING)  # Beam tells of clouds that it could not speak to.
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
        beam_flags=beam_flags,
    )
    summarize({}, next_train(FLAGS.output))
