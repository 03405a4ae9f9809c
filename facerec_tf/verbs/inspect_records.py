"""Checks records: counts, sample images, faults and duplicates.

    facerec inspect-records --data=DIR --output=DIR [--identities=16 --seed=0]

DATA is a folder of records or a pair set, and is not changed. Every record is read and decoded as
in training. Damaged records are reported, and the remaining ones are still checked. The files in
OUTPUT are

- `inspection.json`: the printed numbers, in total and per shard;
- `images_per_identity.png`: the distribution of the number of images per identity;
- `identities.png`: random identities, one per row;
- `faults.csv`: faults, with shard, record number, file name and reason: images that are truncated,
  cannot be decoded or have another size, labels that are not in the manifest, damaged records,
  missing or changed shards, duplicate names, invalid pairs;
- `duplicates.csv`, `duplicates.png`: groups of images that are equal byte by byte (identical) or
  look the same (`alike`: recompressed or resized). Groups across identities come first: the same
  photograph under two names is a wrong label or, in a pair set, a wrong answer.

The exit code is 0 even if faults are found, and 1 if DATA cannot be inspected.
"""

from __future__ import annotations

from pathlib import Path

from absl import flags

from facerec_tf.curation.inspection import inspect_records
from facerec_tf.verbs.common import FLAGS, summarize


def define_flags() -> None:
    """Defines the flags of the verb."""
    flags.DEFINE_string("data", None, "Folder of records, or pair set.")
    flags.DEFINE_string("output", None, "Output folder: new or empty.")
    flags.DEFINE_integer("identities", 16, "Number of identities in identities.png.")
    flags.DEFINE_integer("seed", 0, "Seed of the choice of these identities.")
    flags.DEFINE_integer("threads", None, "Number of decoding threads; default: one per core.")
    flags.mark_flags_as_required(["data", "output"])


def main() -> None:
    """Inspects the records and prints a summary."""
    summary = inspect_records(
        Path(FLAGS.data),
        Path(FLAGS.output),
        identities=FLAGS.identities,
        seed=FLAGS.seed,
        threads=FLAGS.threads,
    )
    summarize(summary, f"Wrote '{FLAGS.output}'.")
