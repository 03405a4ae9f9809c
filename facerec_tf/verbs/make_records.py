r"""Converts photographs of people to records.

    facerec make-records --images=DIR --detector=yunet --output=RECORDS
    facerec make-records --images=DIR --output=RECORDS [--holdout_identities=100]
    facerec make-records --images=VGGFace2/train --layout=vggface2 --detector=yunet \
        --output=RECORDS
    facerec make-records --table=LABELS.csv [--images=DIR] --detector=yunet --output=RECORDS

By default, `IMAGES/Jane Doe/1.jpg` is a photograph of Jane Doe; see --layout for other layouts. A
table, CSV or Parquet, has one row per photograph: its label, and its path, which is absolute or
relative to --images (default: the folder of the table). With --detector, faces are found, cropped
and aligned to --alignment. Without it, the images must be aligned crops: JPEGs are copied without
re-encoding, and other formats are converted to JPEG. Images that are left out, other files among
them, and people without images are listed in `RECORDS/rejected.csv`, with the reason; if more than
1 % of the images are damaged, the command fails. With
--holdout_identities, that many people are excluded from training, and pairs of their images are
written to `RECORDS/pairs/holdout`.
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
    photo_limits,
)
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string(
        "images", None, "Folder of photographs, or base folder of the paths in --table."
    )
    flags.DEFINE_string("layout", "folders", f"Layout of --images: {', '.join(FOLDER_LAYOUTS)}.")
    flags.DEFINE_string("table", None, "CSV or Parquet file with paths and labels.")
    flags.DEFINE_string("path_column", "path", "Column of --table with the paths.")
    flags.DEFINE_string("label_column", "label", "Column of --table with the labels.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_string("name", "train", "Prefix of the shard file names.")
    flags.DEFINE_integer("shards", 16, "Number of shard files.")
    flags.DEFINE_integer(
        "min_images", 1, "Minimum number of images per person; others are excluded."
    )
    flags.DEFINE_integer("size", 112, "Side of the crops in pixels if --alignment is unknown.")
    flags.DEFINE_integer(
        "holdout_identities", 0, "Number of people held out of training, for evaluation."
    )
    flags.DEFINE_integer("pairs", 2000, "Number of pairs of held-out people: a multiple of 20.")
    flags.DEFINE_integer("seed", 0, "Seed of the shuffle, the held-out people and their pairs.")
    define_alignment_flags(detector=None, alignment=None)
    flags.mark_flags_as_required(["output"])


def main() -> None:
    """Writes records and prints a summary."""
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
    """The cropper, and the size and alignment of its crops."""
    if options := optional_alignment_options():
        require_unused("size", "--detector")
        return options.make_cropper(), options.crop_format()
    if name := FLAGS.alignment:
        require_unused("size", "--alignment")
        size = lookup(TEMPLATES, name, "alignment").size
    else:
        require_count("size", FLAGS.size)
        size = (FLAGS.size, FLAGS.size)
    return CropReader(size, FLAGS.jpeg_quality, photo_limits()), CropFormat(size, name or "unknown")


def find_photos() -> tuple[list[Photo], list[Rejected]]:
    """The photographs listed by --images or --table, and the rejected files."""
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
        raise ArgumentError("Missing flag: --images=DIR or --table=FILE, the photographs.")
    return lookup(FOLDER_LAYOUTS, FLAGS.layout, "layout")(root)


def require_unused(name: str, chosen: str) -> None:
    """Raises `ArgumentError` if flag `name` is given, which has no effect with `chosen`."""
    if FLAGS[name].present:
        raise ArgumentError(f"Flag --{name} is not used with {chosen}.")
