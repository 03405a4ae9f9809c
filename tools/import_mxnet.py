"""Turns an MXNet record file into records, as InsightFace ships CASIA, MS1M or Glint360K.

    python tools/import_mxnet.py --rec=faces_emore/train.rec --output=RECORDS
    python tools/import_mxnet.py --rec=mine.rec --lst=mine.lst --size=112 --alignment=unknown \
        --output=RECORDS

`train.idx` and `property` are looked for beside `train.rec`. JPEGs go into the records as they are.
What is no JPEG or PNG is listed in `RECORDS/rejected.csv`; more than 1 % of those stop the tool.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.alignment import TEMPLATES
from facerec_tf.command import run
from facerec_tf.core.errors import require_count
from facerec_tf.core.lookup import require_known
from facerec_tf.importers.mxnet import import_mxnet

_REC = flags.DEFINE_string("rec", None, "The record file.")
_IDX = flags.DEFINE_string("idx", None, "Its index; by default the one beside it, if any.")
_LST = flags.DEFINE_string("lst", None, "MXNet's list, which has the images' names.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_ALIGNMENT = flags.DEFINE_string(
    "alignment", "arcface-112", "Template that the crops follow, or unknown."
)
_SIZE = flags.DEFINE_integer("size", None, "Side in pixels, where there is no 'property'.")
_NAME = flags.DEFINE_string("name", "train", "First part of the shards' names.")
_SHARDS = flags.DEFINE_integer(
    "shards", None, "Files to spread the records over; default: 16, or one for every 256 MB."
)
_SEED = flags.DEFINE_integer("seed", 0, "Of the shuffle.")


def main() -> None:
    """Runs the import as the flags say."""
    require_known(_ALIGNMENT.value, [*TEMPLATES, "unknown"], "alignment")
    if _SIZE.value is not None:
        require_count("size", _SIZE.value)
    summary = import_mxnet(
        Path(_REC.value),
        Path(_OUTPUT.value),
        idx=Path(_IDX.value) if _IDX.value else None,
        lst=Path(_LST.value) if _LST.value else None,
        image_size=(_SIZE.value, _SIZE.value) if _SIZE.value else None,
        alignment=_ALIGNMENT.value,
        name=_NAME.value,
        num_shards=_SHARDS.value,
        seed=_SEED.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["rec", "output"])
    run(main)
