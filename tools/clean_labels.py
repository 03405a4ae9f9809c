"""Drops or re-labels images that lie far from the dominant centre of their identity.

    python tools/clean_labels.py --workdir=RUN --output=DIR [--degrees=75 --action=drop]

RUN was trained with `--loss=subcenter_arcface` (ECCV 2020): each identity has several centres, of
which the dominant one is nearest to most of its images. Images past `--degrees` from it are left
out; with `--action=relabel` they go to the nearest other identity whose dominant centre is within
`--degrees` of them, if there is one. An identity none of whose own images is that near to its
dominant centre takes in no others, and one that is left without images goes from the manifest.
Re-label by a recognizer that sets its training people well apart: to a weak one, someone is near
whatever an image shows.

Identities that the run left out (`--min_images`) have no centres: their images are written as they
are. Damaged images are left out; more than 1 % of them stop the tool. Pair sets in `DATA/pairs` are
copied. `OUTPUT/label_noise.csv` has a line for every image, in the order of DATA: its name, its
identity, the angle to the dominant centre in degrees, what was done (kept, dropped, relabelled,
damaged, or unjudged: written as it is), and the new identity of a relabelled one.
"""

from __future__ import annotations

from pathlib import Path

from facerec_tf.command import run  # isort: skip  (first, as it silences TensorFlow's greeting)

from absl import flags

from facerec_tf.curation import REPORT, clean_labels

_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the recognizer.")
_MODEL = flags.DEFINE_string("model", None, "`.keras` file to judge by instead of a run.")
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", "final", "With --workdir: 'final', 'latest', or 'best' by verification."
)
_DATA = flags.DEFINE_string("data", None, "Folder of records to clean; default: the run's own.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_DEGREES = flags.DEFINE_float("degrees", 75.0, "Angle to the dominant centre that is too far.")
_ACTION = flags.DEFINE_enum(
    "action", "drop", ["drop", "relabel"], "What to do with images past --degrees."
)
_MIN_IMAGES = flags.DEFINE_integer(
    "min_images", None, "With --model: the --min_images it was trained with; default: 1."
)
_FLIP_FUSION = flags.DEFINE_boolean("flip_fusion", False, "Add the mirrored image's embedding.")


def main() -> None:
    """Cleans as the flags say."""
    summary = clean_labels(
        Path(_OUTPUT.value),
        workdir=_WORKDIR.value,
        model=_MODEL.value,
        checkpoint=_CHECKPOINT.value,
        data=_DATA.value,
        degrees=_DEGREES.value,
        relabel=_ACTION.value == "relabel",
        min_images=_MIN_IMAGES.value,
        flip_fusion=_FLIP_FUSION.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(
        f"Wrote '{_OUTPUT.value}' and all angles to '{Path(_OUTPUT.value) / REPORT}'. Train with: "
        f"python -m facerec_tf.train --data={_OUTPUT.value}"
    )


if __name__ == "__main__":
    flags.mark_flags_as_required(["output"])
    run(main)
