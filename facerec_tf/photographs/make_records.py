"""Photographs made records, with some people kept from training to judge by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError, require, require_count
from facerec_tf.data import (
    MAX_DAMAGED,
    Record,
    new_directory,
    sample_pairs,
    write_pair_set,
    write_records,
)
from facerec_tf.photographs.crops import Cropper
from facerec_tf.photographs.outcome import crop_all
from facerec_tf.photographs.photo import Photo, Rejected, write_rejected

#: Name of the pair set beside the records.
PROTOCOL = "holdout"

REJECTED = "rejected.csv"


def make_records(
    output: Path,
    photos: Iterable[Photo],
    crop_photo: Cropper,
    *,
    image_size: tuple[int, int],
    alignment: str,
    rejected: Sequence[Rejected] = (),
    name: str = "train",
    num_shards: int = 16,
    min_images: int = 1,
    holdout: int = 0,
    pairs: int = 2000,
    seed: int = 0,
) -> dict[str, str]:
    """Writes the records of the people in `photos` to a new folder.

    Args:
        output: Folder to make.
        photos: What to make records of.
        crop_photo: From one of them to its crops.
        image_size: Height and width of the crops.
        alignment: Name of the template they follow, for the manifest.
        rejected: What was left out so far, to be listed with what is left out now.
        name: First part of the shards' names.
        num_shards: Files to spread the records over.
        min_images: People of fewer photographs are left out.
        holdout: People kept from training; pairs of their images go to `pairs/holdout`.
        pairs: Pairs of them, a multiple of 20.
        seed: Of the shuffle, the people held out and their pairs.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If there are too few people or photographs, more than 1 % of them are damaged, or
            `output` cannot be written.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    people = group_by_person(photos, min_images)
    training, held_out = split(people, holdout, seed)
    if held_out:
        files = {person: [photo.name for photo in own] for person, own in held_out.items()}
        sample_pairs(files, pairs, seed=seed)  # Says now if that cannot be done.
    total = sum(map(len, people.values()))
    left_out, damaged = list(rejected), []
    common = {"image_size": image_size, "alignment": alignment}

    def records(people: Mapping[str, list[Photo]]) -> Iterator[Record]:
        """Yields the records of `people`; notes who is in none."""
        labels: dict[str, int] = {}
        photos = [photo for own in people.values() for photo in own]
        outcomes = crop_all(photos, crop_photo)
        for outcome in progress_bar(outcomes, total=len(photos), unit=" photos"):
            if outcome.reason:
                left_out.append(Rejected(outcome.photo.name, outcome.reason))
            if outcome.is_damaged:
                damaged.append(left_out[-1])
                require_few(damaged, total)
            for crop in outcome.crops:
                label = labels.setdefault(crop.person, len(labels))
                yield Record(crop.encoded, label, crop.person, crop.name)

    with new_directory(output) as folder:
        manifest = write_records(
            folder, records(training), name=name, num_shards=num_shards, seed=seed, **common
        )
        if held_out:
            judged = list(records(held_out))
            _write_holdout(folder / "pairs" / PROTOCOL, judged, pairs, seed, common)
        if left_out:
            write_rejected(folder / REJECTED, left_out)
    summary = {"training": f"{manifest.num_images:,} images of {manifest.num_classes:,} people"}
    if held_out:
        summary[PROTOCOL] = f"{pairs:,} pairs of {len(held_out):,} others"
    if left_out:
        summary["rejected"] = f"{len(left_out):,} files, listed in '{output / REJECTED}'"
    return summary


def group_by_person(photos: Iterable[Photo], min_images: int = 1) -> dict[str, list[Photo]]:
    """Returns person → photographs of those with at least `min_images`, all sorted.

    Raises:
        DataError: If no one has so many, or two people's names differ in letters' case only.
    """
    require_count("min_images", min_images)
    people: dict[str, list[Photo]] = {}
    for photo in sorted(photos, key=lambda photo: (photo.person, photo.name)):
        people.setdefault(photo.person, []).append(photo)
    require_distinct(people)
    people = {person: own for person, own in people.items() if len(own) >= min_images}
    if not people:
        raise DataError(f"No one has {min_images} photographs or more.")
    return people


def require_distinct(people: Iterable[str]) -> None:
    """Raises `DataError` if two names differ in letters' case only."""
    seen: dict[str, str] = {}
    for person in people:
        other = seen.setdefault(person.casefold(), person)
        if other != person:
            raise DataError(
                f"People '{other}' and '{person}' differ in letters' case only: rename one, or "
                "join them if they are one."
            )


def split(
    people: Mapping[str, list[Photo]], holdout: int, seed: int
) -> tuple[dict[str, list[Photo]], dict[str, list[Photo]]]:
    """Returns the people to train on and the `holdout` people, chosen by `seed`, to judge by."""
    most = len(people) - 2
    require(
        holdout == 0 or 2 <= holdout <= most,
        "holdout_identities",
        f"0 or between 2 and {most}, as there are {len(people)} people",
        holdout,
    )
    chosen = set(np.random.default_rng(seed).permutation(list(people))[:holdout].tolist())
    training = {name: own for name, own in people.items() if name not in chosen}
    held_out = {name: own for name, own in people.items() if name in chosen}
    return training, held_out


def require_few(damaged: Sequence[Rejected], total: int) -> None:
    """Raises `DataError` if more than 1 % of `total` photographs are damaged."""
    if len(damaged) > MAX_DAMAGED * total:
        named = "; ".join(f"'{item.file}': {item.reason}" for item in damaged[:3])
        raise DataError(f"{len(damaged)} of {total} images, more than 1 %, are damaged. {named}")


def _write_holdout(
    directory: Path,
    records: Sequence[Record],
    pairs: int,
    seed: int,
    common: Mapping[str, Any],
) -> None:
    """Writes pairs of the people held out, and the images that occur in them."""
    images: dict[str, list[str]] = {}
    for record in records:
        images.setdefault(record.text, []).append(record.filename)
    sampled = sample_pairs(images, pairs, seed=seed)
    compared = {filename for pair in sampled for filename in (pair.first, pair.second)}
    labels: dict[str, int] = {}
    used = [
        record._replace(label=labels.setdefault(record.text, len(labels)))
        for record in records
        if record.filename in compared
    ]
    write_pair_set(directory, used, sampled, name=PROTOCOL, **common)
