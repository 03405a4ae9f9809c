"""Writes a pair set drawn from the images of held-out people."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from facerec_tf.data.crop_format import CropFormat
from facerec_tf.data.name_source import UNKNOWN_NAMES, NameSource
from facerec_tf.data.pair_sampling import sample_pairs
from facerec_tf.data.pairs import write_pair_set
from facerec_tf.data.records import Record


def write_pairs_of(
    directory: Path,
    read_records: Callable[[], Iterable[Record]],
    pairs: int,
    *,
    seed: int,
    crop_format: CropFormat,
    names: NameSource = UNKNOWN_NAMES,
) -> None:
    """Draws pairs of the people in some records, and writes them with the images they compare.

    Args:
        directory: New folder; its name becomes that of the pair set.
        read_records: Function that returns the records from the beginning; called twice, so that
            they need not fit in memory. The name of a person is a record's `text`.
        pairs: Number of pairs, a multiple of 20.
        seed: Seed of the draw.
        crop_format: Size and alignment of the images.
        names: Meaning of the people's names, for the manifest.

    Raises:
        ArgumentError: If `pairs` or `seed` is invalid.
        DataError: If there are too few images for so many distinct pairs.
        UserError: If `directory` is in use or cannot be written.
    """
    images: dict[str, list[str]] = {}
    for record in read_records():
        images.setdefault(record.text, []).append(record.filename)
    sampled = sample_pairs(images, pairs, seed=seed)
    compared = {filename for pair in sampled for filename in (pair.first, pair.second)}
    labels: dict[str, int] = {}
    used = [
        record._replace(label=labels.setdefault(record.text, len(labels)))
        for record in read_records()
        if record.filename in compared
    ]
    write_pair_set(
        directory,
        used,
        sampled,
        name=directory.name,
        crop_format=crop_format,
        names=names,
    )
