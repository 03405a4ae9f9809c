"""Turns the TFRecords of peteryuX's arcface-tf2 into records.

    facerec import-arcface-tf2 --records=ms1m_bin.tfrecord --output=RECORDS
    facerec import-arcface-tf2 --records=ms1m.tfrecord --root=ms1m_align_112/imgs \
        --output=RECORDS

Takes both of its forms: with the images inside, and with their paths alone, as written or, with
--root, as ROOT/PERSON/FILE. Images go in as they are; people are numbered anew, in the order of
their source ids. Damaged images are listed in `RECORDS/rejected.csv`; more than 1 % of them stop
the tool.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.core.errors import ArgumentError, require_count
from facerec_tf.core.lookup import lookup
from facerec_tf.data import CropFormat
from facerec_tf.importers.arcface_tf2 import find_files, import_arcface_tf2
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_list("records", None, "Files, or patterns such as 'ms1m-*.tfrecord'.")
    flags.DEFINE_string("root", None, "Folder of the people's folders, if records hold paths.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_string("alignment", "arcface-112", "Template that the crops follow, or unknown.")
    flags.DEFINE_integer("size", 112, "Side in pixels of crops whose --alignment is unknown.")
    flags.DEFINE_string("name", "train", "First part of the shards' names.")
    flags.DEFINE_integer("shards", 16, "Files to spread the records over.")
    flags.DEFINE_integer("seed", 0, "Of the shuffle.")
    flags.mark_flags_as_required(["records", "output"])


def main() -> None:
    """Runs the import as the flags say."""
    summary = import_arcface_tf2(
        find_files(FLAGS.records),
        Path(FLAGS.output),
        root=Path(FLAGS.root) if FLAGS.root else None,
        crop_format=CropFormat(image_size(), FLAGS.alignment),
        name=FLAGS.name,
        num_shards=FLAGS.shards,
        seed=FLAGS.seed,
    )
    summarize(summary, next_train(FLAGS.output))


def image_size() -> tuple[int, int]:
    """Returns height and width of the crops, by their alignment, or --size if that is unknown."""
    if FLAGS.alignment == "unknown":
        require_count("size", FLAGS.size)
        return FLAGS.size, FLAGS.size
    size = lookup(TEMPLATES, FLAGS.alignment, "alignment").size
    if FLAGS["size"].present and (FLAGS.size, FLAGS.size) != size:
        raise ArgumentError(
            f"Crops of --alignment={FLAGS.alignment} are {size[0]}x{size[1]} pixels: give "
            "--alignment=unknown with another --size."
        )
    return size
