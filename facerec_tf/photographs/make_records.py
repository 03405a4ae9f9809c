"""Photographs → records, optionally with verification pairs of people held out of training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import require, require_count
from facerec_tf.data import (
    CropFormat,
    Record,
    new_directory,
    sample_pairs,
    write_records,
)
from facerec_tf.data.holdout_pairs import write_pairs_of
from facerec_tf.photographs.crop import Cropper
from facerec_tf.photographs.crop_result import crop_photos
from facerec_tf.photographs.people import group_by_person, without_images
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import (
    REJECTED_FILE,
    Rejected,
    require_few_rejected,
    summarize_rejected,
    write_rejected,
)

#: Name of the pair set beside the records.
PROTOCOL = "holdout"

People = Mapping[str, list[Photo]]


def make_records(
    output: Path,
    photos: Iterable[Photo],
    cropper: Cropper,
    *,
    crop_format: CropFormat,
    rejected: Sequence[Rejected] = (),
    name: str = "train",
    num_shards: int = 16,
    min_images: int = 1,
    holdout: int = 0,
    pairs: int = 2000,
    seed: int = 0,
) -> dict[str, str]:
    """Writes the crops of photographs to a new folder of records.

    Args:
        output: Folder to create.
        photos: The photographs.
        cropper: From a photograph to its crops.
        crop_format: Size and alignment of the crops.
        rejected: What the caller left out, to be listed in `rejected.csv` with the photographs
            without a crop and the people without images.
        name: First part of the shards' names.
        num_shards: Number of shards.
        min_images: People with fewer photographs are left out.
        holdout: Number of people held out of training; pairs of their crops are written to
            `pairs/holdout`.
        pairs: Number of these pairs, a multiple of 20.
        seed: Seed of the shuffle, the people held out and their pairs.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If there are too few people or photographs, more than 1 % of them are damaged, or
            `output` cannot be written.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    people, too_few = group_by_person(photos, min_images)
    training, held_out = hold_out(people, holdout, seed)
    if held_out:
        files = {person: [photo.name for photo in own] for person, own in held_out.items()}
        sample_pairs(files, pairs, seed=seed)  # Raises errors before the work starts.
    total = sum(map(len, people.values()))
    left_out, damaged = [*rejected, *too_few], []

    def records(people: People) -> Iterator[Record]:
        """Yields the records of `people`; adds photographs without any to `left_out`."""
        labels: dict[str, int] = {}
        photos = [photo for own in people.values() for photo in own]
        results = crop_photos(photos, cropper)
        for result in progress_bar(results, total=len(photos), unit=" photos"):
            if result.reason:
                left_out.append(Rejected(result.photo.name, result.reason))
            if result.is_damaged:
                damaged.append(left_out[-1])
                require_few_rejected(damaged, total)
            for crop in result.crops:
                label = labels.setdefault(crop.person, len(labels))
                yield Record(crop.encoded, label, crop.person, crop.name)
        left_out.extend(without_images(photos, labels))

    with new_directory(output) as folder:
        manifest = write_records(
            folder,
            records(training),
            name=name,
            num_shards=num_shards,
            crop_format=crop_format,
            seed=seed,
        )
        if held_out:
            compared = list(records(held_out))
            write_pairs_of(
                folder / "pairs" / PROTOCOL,
                lambda: compared,
                pairs,
                seed=seed,
                crop_format=crop_format,
                names=manifest.same_names(),
            )
        if left_out:
            write_rejected(folder / REJECTED_FILE, left_out)
    summary = {"training": f"{manifest.num_images:,} images of {manifest.num_classes:,} people"}
    if held_out:
        summary[PROTOCOL] = f"{pairs:,} pairs of {len(held_out):,} others"
    return {**summary, **summarize_rejected(left_out, output / REJECTED_FILE)}


def hold_out(people: People, holdout: int, seed: int) -> tuple[People, People]:
    """Splits people at random into those to train on and `holdout` others, by `seed`.

    Raises:
        ArgumentError: If `holdout` is 1, or leaves fewer than two people.
    """
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
