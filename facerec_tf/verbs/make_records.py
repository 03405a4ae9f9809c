"""Turns photographs of people into records.

    facerec make-records --images=DIR --detector=yunet --output=RECORDS
    facerec make-records --images=DIR --output=RECORDS [--holdout_identities=100]
    facerec make-records --images=VGGFace2/train --layout=vggface2 --detector=yunet \
        --output=RECORDS
    facerec make-records --table=LABELS.csv [--images=DIR] --detector=yunet --output=RECORDS

`IMAGES/Jane Doe/1.jpg` is a photograph of Jane Doe, unless another --layout is chosen. A table, CSV
or Parquet, has a row for each photograph: its path, absolute or below --images (by default the
table's folder), and its label. With --detector, faces are found, cut out and brought to the
--alignment; without, the images are aligned crops already: JPEGs go into the records as they are,
other formats become JPEG. What is left out is listed in `RECORDS/rejected.csv`; more than 1 % of
damaged images stop the tool. With --holdout_identities, that many people are kept out of training,
and pairs of their images are written to `RECORDS/pairs/holdout`.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.errors import ArgumentError, require_count
from facerec_tf.core.lookup import lookup
from facerec_tf.data import CropFormat
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.crop_reader import CropReader
from facerec_tf.photographs.make_records import make_records
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.photo_table import read_table
from facerec_tf.photographs.rejected import Rejected
from facerec_tf.photographs.table import FOLDER_LAYOUTS
from facerec_tf.verbs.alignment_flags import (
    define_alignment_flags,
    optional_alignment_options,
)
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("images", None, "Folder of photographs, or that of a table's.")
    flags.DEFINE_string("layout", "folders", f"Of that folder: {', '.join(FOLDER_LAYOUTS)}.")
    flags.DEFINE_string("table", None, "CSV or Parquet file of paths and labels.")
    flags.DEFINE_string("path_column", "path", "The table's column of paths.")
    flags.DEFINE_string("label_column", "label", "The table's column of labels.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_string("name", "train", "First part of the shards' names.")
    flags.DEFINE_integer("shards", 16, "Files to spread the records over.")
    flags.DEFINE_integer("min_images", 1, "Leave out people with fewer images.")
    flags.DEFINE_integer("size", 112, "Side in pixels of crops whose --alignment is unknown.")
    flags.DEFINE_integer("holdout_identities", 0, "People kept from training, to judge by.")
    flags.DEFINE_integer("pairs", 2000, "Pairs of the people held out, a multiple of 20.")
    flags.DEFINE_integer("seed", 0, "Of the shuffle, the people held out and their pairs.")
    define_alignment_flags(detector=None, alignment=None)
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Writes records as the flags say."""
    if not FLAGS.holdout_identities:
        require_unused("pairs", "--holdout_identities=0")
    cropper, crop_format = cropping()
    photos, rejected = find_photos()
    summary = make_records(
        Path(FLAGS.output),
        photos,
        cropper,
        crop_format=crop_format,
        rejected=rejected,
        name=FLAGS.name,
        num_shards=FLAGS.shards,
        min_images=FLAGS.min_images,
        holdout=FLAGS.holdout_identities,
        pairs=FLAGS.pairs,
        seed=FLAGS.seed,
    )
    summarize(summary, next_train(FLAGS.output))


def cropping() -> tuple[Cropper, CropFormat]:
    """Returns the cropper, and size and alignment of its crops."""
    if options := optional_alignment_options():
        require_unused("size", "--detector")
        return options.make_cropper(), options.crop_format()
    if name := FLAGS.alignment:
        require_unused("size", "--alignment")
        size = lookup(TEMPLATES, name, "alignment").size
    else:
        require_count("size", FLAGS.size)
        size = (FLAGS.size, FLAGS.size)
    return CropReader(size, FLAGS.jpeg_quality), CropFormat(size, name or "unknown")


def find_photos() -> tuple[list[Photo], list[Rejected]]:
    """Returns the photographs that --images or --table name, and what is left out."""
    root = Path(FLAGS.images) if FLAGS.images else None
    if FLAGS.table:
        require_unused("layout", "--table")
        return read_table(
            Path(FLAGS.table),
            path_column=FLAGS.path_column,
            label_column=FLAGS.label_column,
            root=root,
        )
    for name in ("path_column", "label_column"):
        require_unused(name, "--images alone, only with --table")
    if root is None:
        raise ArgumentError("Give --images=DIR or --table=FILE.")
    return lookup(FOLDER_LAYOUTS, FLAGS.layout, "layout")(root)


def require_unused(name: str, chosen: str) -> None:
    """Raises `ArgumentError` if flag `name`, without effect on what was chosen, is given."""
    if FLAGS[name].present:
        raise ArgumentError(f"Flag --{name} is not used with {chosen}.")
