"""Turns photographs of people into records by an Apache Beam pipeline: `make_records` at any size.

    python tools/beam_make_records.py --images=DIR --detector=yunet --output=RECORDS
    python tools/beam_make_records.py … -- --direct_num_workers=4 \
        --direct_running_mode=multi_processing
    python tools/beam_make_records.py … -- --runner=FlinkRunner --flink_master=HOST:8081

What follows `--` are Beam's own flags. Photographs and records may lie at any address that Beam
knows (gs://, hdfs://, s3://), or on a disk that all workers see; the detector's file must lie under
the same path for all. `RECORDS/rejected.csv` lists what gave no crop, and why.
"""

from __future__ import annotations

import logging
from pathlib import Path

from absl import flags

from facerec_tf.command import run
from facerec_tf.core.extras import load_extra
from facerec_tf.core.lookup import lookup
from facerec_tf.flags import alignment_options, define_alignment_flags
from facerec_tf.photographs.table import FOLDER_LAYOUTS

_IMAGES = flags.DEFINE_string("images", None, "Folder or address of photographs.")
_LAYOUT = flags.DEFINE_string("layout", "folders", f"Of that folder: {', '.join(FOLDER_LAYOUTS)}.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder or address to make.")
_NAME = flags.DEFINE_string("name", "train", "First part of the shards' names.")
_SHARDS = flags.DEFINE_integer("shards", 16, "Files to spread the records over.")
_MIN_IMAGES = flags.DEFINE_integer("min_images", 1, "Leave out people with fewer images.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the shuffle.")
define_alignment_flags()


def main(beam_flags: list[str]) -> None:
    """Runs the pipeline as the flags say."""
    logging.disable(logging.WARNING)  # Beam tells of clouds that it could not speak to.
    load_extra("apache_beam", "beam")
    logging.disable(logging.NOTSET)
    from facerec_tf.photographs.beam_records import beam_make_records, find_remote_photos

    options = alignment_options()
    if "://" in _IMAGES.value:
        photos, rejected = find_remote_photos(_IMAGES.value)
    else:
        photos, rejected = lookup(FOLDER_LAYOUTS, _LAYOUT.value, "layout")(Path(_IMAGES.value))
    beam_make_records(
        _OUTPUT.value,
        photos,
        options.make_cropper,
        crop_format=options.crop_format(),
        rejected=rejected,
        name=_NAME.value,
        num_shards=_SHARDS.value,
        min_images=_MIN_IMAGES.value,
        seed=_SEED.value,
        beam_flags=beam_flags,
    )
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={_OUTPUT.value}")


if __name__ == "__main__":
    flags.mark_flags_as_required(["images", "output"])
    run(main, takes_rest=True)
