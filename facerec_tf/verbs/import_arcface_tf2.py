r"""Converts TFRecord files of peteryuX's arcface-tf2 to records.

    facerec import-arcface-tf2 --records=ms1m_bin.tfrecord --output=RECORDS
    facerec import-arcface-tf2 --records=ms1m.tfrecord --root=ms1m_align_112/imgs \
        --output=RECORDS

Both formats are supported: files that contain the images, and files that contain paths. Paths are
used as written or, with --root, as ROOT/PERSON/FILE. Images are copied without re-encoding. Labels
are assigned in the order of the source ids. Damaged images are listed in `RECORDS/rejected.csv`; if
more than 1 % are damaged, the command fails.
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
    flags.DEFINE_list("records", None, "TFRecord files, or patterns such as 'ms1m-*.tfrecord'.")
    flags.DEFINE_string(
        "root", None, "Folder that contains one folder per person, for files with paths."
    )
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_string("alignment", "arcface-112", "Alignment template of the crops, or unknown.")
    flags.DEFINE_integer("size", 112, "Side of the crops in pixels if --alignment is unknown.")
    flags.DEFINE_string("name", "train", "Prefix of the shard file names.")
    flags.DEFINE_integer("shards", 16, "Number of shard files.")
    flags.DEFINE_integer("seed", 0, "Seed of the shuffle.")
    flags.mark_flags_as_required(["records", "output"])


def main() -> None:
    """Imports the files and prints a summary."""
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
    """Height and width of the crops: the template's, or --size if --alignment is unknown."""
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
