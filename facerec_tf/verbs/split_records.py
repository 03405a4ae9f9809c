"""Splits records by identity: each person is in one part only.

    facerec split-records --data=DIR --output=DIR --parts=train:0.9,val:0.1 [--pairs=6000]
    facerec split-records --data=DIR --output=DIR --holdout_identities=100 --pairs=2000
    facerec split-records --data=DIR --output=DIR --exclude=OVERLAP/overlapping.txt

Writes a folder of records for each part (`OUTPUT/train` etc.) and `OUTPUT/label_map.csv`: label,
name and part of each identity, and its label in that part. --parts are fractions of the people not
listed by --names or --exclude; by default all of them are in `train`. --names=PART:FILE assigns the
people listed in FILE to a part, and --exclude omits people. These files have one name per line; a
line that begins with a quotation mark is read as a JSON string.

With --pairs, that many pairs of each part except the first are written to
`OUTPUT/FIRST/pairs/PART`; evaluate on them with `facerec evaluate --data=OUTPUT/FIRST
--protocol=PART`. Pair sets of DATA are copied to the first part.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.core.errors import ArgumentError, argument_error
from facerec_tf.curation.split import split_records
from facerec_tf.verbs.common import FLAGS, next_train, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("data", None, "Folder of records.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_list("parts", [], "PART:SHARE items; the shares must sum to 1.")
    flags.DEFINE_integer(
        "holdout_identities", None, "Number of people in the part `holdout`, instead of --parts."
    )
    flags.DEFINE_list("names", [], "PART:FILE items: files of names assigned to a part.")
    flags.DEFINE_string("exclude", None, "File of names to leave out.")
    flags.DEFINE_integer(
        "pairs", 0, "Number of pairs of each part except the first: a multiple of 20."
    )
    flags.DEFINE_integer("seed", 0, "Seed of the split, the shuffles and the pairs.")
    flags.mark_flags_as_required(["data", "output"])


def main() -> None:
    """Splits the records and prints a summary."""
    if FLAGS.parts and FLAGS.holdout_identities is not None:
        raise ArgumentError("--holdout_identities is not used with --parts.")
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
    summarize(summary, next_train(FLAGS.output, first))


def _by_part(flag: str) -> dict[str, str]:
    """The items `PART:VALUE` of a flag, as part → value."""
    values: dict[str, str] = {}
    for item in FLAGS[flag].value:
        part, colon, content = item.partition(":")
        if not (part and colon and content) or part in values:
            raise argument_error(flag, "PART:VALUE for every part once", FLAGS[flag].value)
        values[part] = content
    return values
