"""Finds images under the wrong name, and people under two names, for you to look at.

    python tools/find_label_errors.py --workdir=RUN --output=DIR [--data=RECORDS --degrees=75]
    python tools/find_label_errors.py --model=FILE.keras --data=RECORDS --output=DIR

Any recognizer will do, also one trained on other people: a run, a `.keras` file or an exported
folder. Each identity's centre is where most of its images lie. Images more than `--degrees` from
the others there are flagged (the rule of Sub-center ArcFace, ECCV 2020); identities whose centres
are nearer than `--same_degrees` to each other look like one person (by default midway between how
far halves of one identity lie apart and how far the nearest other does, in the median). An
identity's only image cannot be judged; of two that disagree, both are flagged. Writes to OUTPUT

- `images.csv`: the flagged images, farthest first, each with the nearest other identity;
- `identities.csv`: all identities, each with the nearest other, nearest first;
- `images*.png`: flagged images beside the most central ones of their identity and of the other;
- `identities*.png`: pairs of identities that look like one person.

Nothing is left out or changed: judge by the pictures. `tools/clean_labels.py` drops or re-labels
images on its own, for which it needs a recognizer trained on these very records with several
centres an identity (`--loss=subcenter_arcface`).
"""

from __future__ import annotations

from pathlib import Path

from facerec_tf.command import run  # isort: skip  (first, as it silences TensorFlow's greeting)

from absl import flags

from facerec_tf.curation.find_label_errors import find_label_errors

_WORKDIR = flags.DEFINE_string("workdir", None, "Run folder of the recognizer.")
_MODEL = flags.DEFINE_string("model", None, "`.keras` file or exported folder, instead of a run.")
_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", "final", "With --workdir: 'final', 'latest', or 'best' by verification."
)
_DATA = flags.DEFINE_string("data", None, "Folder of records to look at; default: the run's own.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_DEGREES = flags.DEFINE_float("degrees", 75.0, "Angle to its identity that is too far.")
_SAME_DEGREES = flags.DEFINE_float(
    "same_degrees", None, "Angle between identities of one person; default: found in the data."
)
_SHOWN = flags.DEFINE_integer("shown", 48, "Images, and pairs of identities, on the sheets.")
_FLIP_FUSION = flags.DEFINE_boolean("flip_fusion", False, "Add the mirrored image's embedding.")


def main() -> None:
    """Looks for label errors as the flags say."""
    summary = find_label_errors(
        Path(_OUTPUT.value),
        workdir=_WORKDIR.value,
        model=_MODEL.value,
        checkpoint=_CHECKPOINT.value,
        data=_DATA.value,
        degrees=_DEGREES.value,
        same_degrees=_SAME_DEGREES.value,
        shown=_SHOWN.value,
        flip_fusion=_FLIP_FUSION.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    print(f"Wrote '{_OUTPUT.value}'.")


if __name__ == "__main__":
    flags.mark_flags_as_required(["output"])
    run(main)
