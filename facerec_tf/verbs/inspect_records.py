"""Looks at records: counts, pictures, what is damaged, and what is there twice.

    facerec inspect-records --data=DIR --output=DIR [--identities=16 --seed=0]

DATA is a folder of records or a pair set, and stays as it is. Every record is read and decoded as
training would. A damaged one does not stop the tool: it goes on with the next. Writes to OUTPUT

- `inspection.json`: the numbers that are printed, and those of every shard;
- `images_per_identity.png`: how many images the identities have;
- `identities.png`: random identities, one a row;
- `faults.csv`: what is wrong, with shard, number of the record, file name and reason: images that
  are truncated, cannot be decoded or have another size, labels outside the manifest, damaged
  records, missing or changed shards, names that stand twice, pairs that do not fit;
- `duplicates.csv`, `duplicates.png`: images that are the same to the byte (identical) or to the eye
  (alike: recompressed, resized), in groups. Groups across identities come first: the same
  photograph under two names is a wrong label, or in a pair set a wrong answer.

Exits with 0 even if there are faults; with 1 if there is nothing to look at.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.inspection import inspect_records
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("data", None, "Folder of records, or of a pair set.")
    flags.DEFINE_string("output", None, "Folder to make.")
    flags.DEFINE_integer("identities", 16, "Identities to show images of.")
    flags.DEFINE_integer("seed", 0, "Of the choice of these.")
    flags.DEFINE_integer("threads", None, "Threads that decode; default: one a core.")
    flags.mark_flags_as_required(["data", "output"])


def main() -> None:
    """Inspects as the flags say."""
    summary = inspect_records(
        Path(FLAGS.data),
        Path(FLAGS.output),
        identities=FLAGS.identities,
        seed=FLAGS.seed,
        threads=FLAGS.threads,
    )
    summarize(summary, f"Wrote '{FLAGS.output}'.")
