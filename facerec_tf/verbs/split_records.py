"""Splits records by identity: whoever is in one part is in no other.

    facerec split-records --data=DIR --output=DIR --parts=train:0.9,val:0.1 [--pairs=6000]
    facerec split-records --data=DIR --output=DIR --holdout_identities=100 --pairs=2000
    facerec split-records --data=DIR --output=DIR --exclude=OVERLAP/overlapping.txt

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

from facerec_tf.core.errors import ArgumentError, argument_error
from facerec_tf.curation.split import split_records
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("data", None, "Folder of records.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_list("parts", [], "PART:SHARE of the people, shares summing to 1.")
    flags.DEFINE_integer(
        "holdout_identities", None, "In place of --parts: people to put into `holdout`."
    )
    flags.DEFINE_list("names", [], "PART:FILE of names that are in this part.")
    flags.DEFINE_string("exclude", None, "File of names that are in no part.")
    flags.DEFINE_integer("pairs", 0, "Pairs of each part but the first, a multiple of 20.")
    flags.DEFINE_integer("seed", 0, "Of the choice, the shuffles and the pairs.")
    flags.mark_flags_as_required(["data", "output"])


def main() -> None:
    """Splits as the flags say."""
    if FLAGS.parts and FLAGS.holdout_identities is not None:
        raise ArgumentError("Give either --parts or --holdout_identities.")
    shares = _by_part("parts")
    try:
        parts = {part: float(share) for part, share in shares.items()}
    except ValueError:
        raise argument_error("parts", "PART:SHARE,PART:SHARE", FLAGS.parts) from None
    summary = split_records(
        Path(FLAGS.output),
        Path(FLAGS.data),
        parts,
        holdout=FLAGS.holdout_identities,
        names={part: Path(file) for part, file in _by_part("names").items()},
        exclude=Path(FLAGS.exclude) if FLAGS.exclude else None,
        pairs=FLAGS.pairs,
        seed=FLAGS.seed,
    )
    first = Path(FLAGS.output) / next(iter(summary))
    summarize(
        summary, f"Wrote '{FLAGS.output}'. Train with: python -m facerec_tf.train --data={first}"
    )


def _by_part(flag: str) -> dict[str, str]:
    """Returns part → what the flag says of it."""
    said: dict[str, str] = {}
    for item in FLAGS[flag].value:
        part, colon, content = item.partition(":")
        if not (part and colon and content) or part in said:
            raise argument_error(flag, "PART:VALUE for every part once", FLAGS[flag].value)
        said[part] = content
    return said
