"""Finds people who are trained on and tested on alike, by name and by how they look.

    python tools/check_overlap.py --data=DIR --test=DIR/pairs/lfw_view2 --output=DIR
    python tools/check_overlap.py --data=DIR --test=DIR2 --model=FILE.keras --output=DIR

TEST is a pair set or a folder of records. Names are the same whatever their case, accents and
punctuation: "Zoë_Ångström" is "zoe angstrom". With a recognizer, --workdir or --model, the mean
direction of up to --images of each identity is compared too, and of everyone trained on the nearest
one tested on is listed if within --degrees. That is a hint, not proof: at 55 degrees, a
MobileFaceNet misses one person in five of whom both have one image only, none of whom they have
three, and takes one person in a thousand for another of four thousand. Look at the pictures.

Writes to OUTPUT, and changes nothing elsewhere: `overlap.csv`, the pairs, nearest first, with their
angle and how they were found; `overlap.png`, some of them, training images left, test images right,
those of unlike names first; `overlapping.txt`, the names in DATA, for `tools/split_records.py
--exclude` to leave out.
"""

from __future__ import annotations

from pathlib import Path

from facerec_tf.command import run  # isort: skip  (first, as it silences TensorFlow's greeting)

from absl import flags

from facerec_tf.curation.check_overlap import check_overlap_by

_DATA = flags.DEFINE_string("data", None, "Folder of records to train on.")
_TEST = flags.DEFINE_string("test", None, "Folder of records, or of a pair set, to test on.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of a recognizer to compare by.")
_MODEL = flags.DEFINE_string("model", None, "`.keras` file or exported folder, instead of a run.")
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", "final", "With --workdir: 'final', 'latest', or 'best' by verification."
)
_DEGREES = flags.DEFINE_float("degrees", None, "Angle up to which people are listed; default: 55.")
_NAMES = flags.DEFINE_boolean("names", True, "Compare names.")
_IMAGES = flags.DEFINE_integer("images", 10, "Images of an identity that are embedded, at most.")
_SHOWN = flags.DEFINE_integer("shown", 24, "Pairs in overlap.png.")


def main() -> None:
    """Checks as the flags say."""
    summary = check_overlap_by(
        Path(_OUTPUT.value),
        Path(_DATA.value),
        Path(_TEST.value),
        workdir=_WORKDIR.value,
        model=_MODEL.value,
        checkpoint=_CHECKPOINT.value,
        degrees=_DEGREES.value,
        by_name=_NAMES.value,
        images=_IMAGES.value,
        shown=_SHOWN.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'.")


if __name__ == "__main__":
    flags.mark_flags_as_required(["data", "test", "output"])
    run(main)
