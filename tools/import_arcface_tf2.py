"""Turns the TFRecords of peteryuX's arcface-tf2 into records.

    python tools/import_arcface_tf2.py --records=ms1m_bin.tfrecord --output=RECORDS
    python tools/import_arcface_tf2.py --records=ms1m.tfrecord --root=ms1m_align_112/imgs \
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
from facerec_tf.command import run
from facerec_tf.core.errors import ArgumentError, require_count
from facerec_tf.core.lookup import lookup
from facerec_tf.data import CropFormat
from facerec_tf.importers.arcface_tf2 import find_files, import_arcface_tf2

_RECORDS = flags.DEFINE_list("records", None, "Files, or patterns such as 'ms1m-*.tfrecord'.")
_ROOT = flags.DEFINE_string("root", None, "Folder of the people's folders, if records hold paths.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_ALIGNMENT = flags.DEFINE_string(
    "alignment", "arcface-112", "Template that the crops follow, or unknown."
)
_SIZE = flags.DEFINE_integer("size", 112, "Side in pixels of crops whose --alignment is unknown.")
_NAME = flags.DEFINE_string("name", "train", "First part of the shards' names.")
_SHARDS = flags.DEFINE_integer("shards", 16, "Files to spread the records over.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the shuffle.")


def main() -> None:
    """Runs the import as the flags say."""
    summary = import_arcface_tf2(
        find_files(_RECORDS.value),
        Path(_OUTPUT.value),
        root=Path(_ROOT.value) if _ROOT.value else None,
        crop_format=CropFormat(image_size(), _ALIGNMENT.value),
        name=_NAME.value,
        num_shards=_SHARDS.value,
        seed=_SEED.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


def image_size() -> tuple[int, int]:
    """Returns height and width of the crops, by their alignment, or --size if that is unknown."""
    if _ALIGNMENT.value == "unknown":
        require_count("size", _SIZE.value)
        return _SIZE.value, _SIZE.value
    size = lookup(TEMPLATES, _ALIGNMENT.value, "alignment").size
    if flags.FLAGS["size"].present and (_SIZE.value, _SIZE.value) != size:
        raise ArgumentError(
            f"Crops of --alignment={_ALIGNMENT.value} are {size[0]}x{size[1]} pixels: give "
            "--alignment=unknown with another --size."
        )
    return size


if __name__ == "__main__":
    flags.mark_flags_as_required(["records", "output"])
    run(main)
