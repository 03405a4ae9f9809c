"""Splits records by identity: whoever is in one part is in no other.

    python tools/split_records.py --data=DIR --output=DIR --parts=train:0.9,val:0.1 [--pairs=6000]
    python tools/split_records.py --data=DIR --output=DIR --holdout_identities=100 --pairs=2000
    python tools/split_records.py --data=DIR --output=DIR --exclude=OVERLAP/overlapping.txt

Writes a folder of records for every part, `OUTPUT/train` and so on, and `OUTPUT/label_map.csv`: the
label and name of every identity, its part, and its label there. --parts are shares of the people
that --names and --exclude do not list; by default all go to `train`. --names=PART:FILE puts those
listed in FILE into a part, and --exclude leaves people out; such a file has one name a line (a line
that begins with a quotation mark is a JSON string).

With --pairs, so many pairs of each part but the first are written to `OUTPUT/FIRST/pairs/PART`,
which `python -m facerec_tf.evaluate --data=OUTPUT/FIRST --protocol=PART` finds. Pair sets of DATA
go with the first part.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.command import run
from facerec_tf.core.errors import ArgumentError, argument_error
from facerec_tf.curation.split import split_records

_DATA = flags.DEFINE_string("data", None, "Folder of records.")
_OUTPUT = flags.DEFINE_string("output", None, "Folder to make.")
_PARTS = flags.DEFINE_list("parts", [], "PART:SHARE of the people, shares summing to 1.")
_HOLDOUT = flags.DEFINE_integer(
    "holdout_identities", None, "In place of --parts: people to put into `holdout`."
)
_NAMES = flags.DEFINE_list("names", [], "PART:FILE of names that are in this part.")
_EXCLUDE = flags.DEFINE_string("exclude", None, "File of names that are in no part.")
_PAIRS = flags.DEFINE_integer("pairs", 0, "Pairs of each part but the first, a multiple of 20.")
_SEED = flags.DEFINE_integer("seed", 0, "Of the choice, the shuffles and the pairs.")


def main() -> None:
    """Splits as the flags say."""
    if _PARTS.value and _HOLDOUT.value is not None:
        raise ArgumentError("Give either --parts or --holdout_identities.")
    shares = _by_part("parts")
    try:
        parts = {part: float(share) for part, share in shares.items()}
    except ValueError:
        raise argument_error("parts", "PART:SHARE,PART:SHARE", _PARTS.value) from None
    summary = split_records(
        Path(_OUTPUT.value),
        Path(_DATA.value),
        parts,
        holdout=_HOLDOUT.value,
        names={part: Path(file) for part, file in _by_part("names").items()},
        exclude=Path(_EXCLUDE.value) if _EXCLUDE.value else None,
        pairs=_PAIRS.value,
        seed=_SEED.value,
    )
    for name, content in summary.items():
        print(f"{name}: {content}")
    first = Path(_OUTPUT.value) / next(iter(summary))
    print(f"Wrote '{_OUTPUT.value}'. Train with: python -m facerec_tf.train --data={first}")


def _by_part(flag: str) -> dict[str, str]:
    """Returns part → what the flag says of it."""
    said: dict[str, str] = {}
    for item in flags.FLAGS[flag].value:
        part, colon, content = item.partition(":")
        if not (part and colon and content) or part in said:
            raise argument_error(flag, "PART:VALUE for every part once", flags.FLAGS[flag].value)
        said[part] = content
    return said


if __name__ == "__main__":
    flags.mark_flags_as_required(["data", "output"])
    run(main)
