"""Splits records by identity: each identity is in one part only."""

from __future__ import annotations

import re
import reprlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import ArgumentError, DataError, require, require_count
from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.curation.names import read_names
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import (
    Manifest,
    Record,
    new_directory,
    sample_pairs,
    write_records,
)
from facerec_tf.data.holdout_pairs import write_pairs_of
from facerec_tf.data.names import compose_name

LABEL_MAP = "label_map.csv"
HEADER = ("old_label", "name", "part", "new_label")

#: Names of the parts if a number of people is held out.
TRAINING, HOLDOUT = "train", "holdout"


class SplitPlan(NamedTuple):
    """Assignment of identities to parts.

    Attributes:
        parts: Names of the parts.
        part: int64 `[identities]`: number of the part of each identity, -1 if it is left out.
        labels: int64 `[identities]`: the label in that part, in the order of the old labels; -1 if
            left out.
    """

    parts: tuple[str, ...]
    part: np.ndarray
    labels: np.ndarray


def split_records(
    output: Path,
    data: Path,
    parts: Mapping[str, float] | None = None,
    *,
    holdout: int | None = None,
    names: Mapping[str, Path] | None = None,
    exclude: Path | None = None,
    pairs: int = 0,
    seed: int = 0,
) -> dict[str, str]:
    """Writes each part of `data` to a folder of records `output/PART`, with `label_map.csv`.

    Pair sets of `data` are copied to the first part, which is meant for training.

    Args:
        output: Folder to make.
        data: Folder of records.
        parts: Name of each part → share of the people that `names` and `exclude` do not list;
            shares sum to 1. By default, "train" gets all of them.
        holdout: Instead of `parts`: number of people in "holdout"; all others are in "train".
        names: Part → file, for `names.read_names`, with the names of people in this part.
        exclude: File with the names of people who are left out.
        pairs: Number of pairs to draw from each part except the first, and to write to
            `output/FIRST/pairs/PART`; a multiple of 20, or 0.
        seed: Seed of the assignment, the shuffles and the pairs.

    Returns:
        Counts of images and people, for a summary.

    Raises:
        UserError: If the records are missing or damaged, parts and names do not fit them, there are
            too few images for the pairs, or `output` is in use or cannot be written.
    """
    require_count("seed", seed, least=0)
    require_count("pairs", pairs, least=0)
    records = RecordFolder.open(data)
    identities = [entry.name for entry in records.manifest.classes]
    files: dict[str | None, Path] = dict((names or {}).items())
    if exclude:
        files[None] = exclude
    named = find_named(identities, {part: read_names(path) for part, path in files.items()})
    parts = parts or {TRAINING: 1.0}
    if holdout is not None:
        most = len(identities) - len(named) - 1
        is_some = 1 <= holdout <= most
        require(is_some, "holdout_identities", f"between 1 and {most} people", holdout)
        parts = {TRAINING: 1 - holdout / (most + 1), HOLDOUT: holdout / (most + 1)}
    plan = deal(len(identities), parts, named, seed)
    held_out = plan.parts[1:] if pairs else ()
    _require_pairs(records, plan, held_out, pairs, seed)

    summary = {}
    with new_directory(output) as folder:
        for part in plan.parts:
            manifest = _write_part(folder / part, records, plan, seed)
            summary[part] = f"{manifest.num_images:,} images of {manifest.num_classes:,} people"
        beside = Path(plan.parts[0]) / "pairs"
        if (data / "pairs").is_dir():
            shutil.copytree(data / "pairs", folder / beside)
        for part in held_out:
            written = RecordFolder.open(folder / part)
            write_pairs_of(
                folder / beside / part,
                written.records,
                pairs,
                seed=seed,
                crop_format=written.manifest.crop_format,
                names=written.manifest.same_names(),
            )
            summary[f"pairs of {part}"] = f"{pairs:,}, in '{output / beside / part}'"
        _write_label_map(folder / LABEL_MAP, identities, plan)
    if left_out := int((plan.part < 0).sum()):
        summary["left out"] = f"{left_out:,} people"
    return summary


def find_named(
    identities: Sequence[str], lists: Mapping[str | None, Sequence[str]]
) -> dict[int, str | None]:
    """Finds the identities in lists of names: label → the part that lists it.

    A name that is unknown as it is written is compared in Unicode's form NFC: an editor may write
    accented letters in another form than the records.

    Args:
        identities: Names of all identities, by label.
        lists: Part → names; the part None is for identities that are left out.

    Raises:
        DataError: If a name is unknown, or in two lists.
    """
    labels = {compose_name(name): label for label, name in enumerate(identities)}
    labels.update((name, label) for label, name in enumerate(identities))
    named: dict[int, str | None] = {}
    for part, names in lists.items():
        where = f"part '{part}'" if part else "the people left out"
        names = [name if name in labels else compose_name(name) for name in names]
        unknown = [name for name in names if name not in labels]
        if unknown:
            raise DataError(
                f"{len(unknown):,} of the {len(names):,} names listed for {where} are not in "
                f"the records, such as {reprlib.repr(unknown[0])}."
            )
        for name in names:
            if named.setdefault(labels[name], part) != part:
                raise DataError(f"{reprlib.repr(name)} is listed for {where} and for another part.")
    return named


def deal(
    identities: int, parts: Mapping[str, float], named: Mapping[int, str | None], seed: int
) -> SplitPlan:
    """Assigns identities to parts.

    Args:
        identities: Number of identities.
        parts: Name of each part → share of the identities that are not in `named`; shares sum to 1.
        named: Identity → its part, which may be missing in `parts`; None if it is left out.
        seed: Seed of the assignment of the others.

    Raises:
        ArgumentError: If a part's name has other characters than letters, digits, _ and -, shares
            do not sum to 1, or a part is empty.
    """
    names = tuple(dict.fromkeys([*parts, *(part for part in named.values() if part)]))
    for name in names:
        is_plain = re.fullmatch(r"[A-Za-z0-9_-]+", name) is not None
        require(is_plain, "parts", "named with letters, digits, _ and - only", name)
    shares = np.array([*parts.values()], float)
    are_shares = bool((shares >= 0).all()) and abs(float(shares.sum()) - 1) < 1e-6
    require(are_shares, "parts", "shares that sum to 1", dict(parts))
    part = np.full(identities, -1, np.int64)
    for identity, listed_part in named.items():
        part[identity] = names.index(listed_part) if listed_part else -1
    listed = np.fromiter(named, np.int64, len(named))
    others = np.setdiff1d(np.arange(identities), listed)
    ends = np.round(np.cumsum(shares) * len(others)).astype(int)
    others = np.random.default_rng(seed).permutation(others)
    for number, chosen in enumerate(np.split(others, ends[:-1])):
        part[chosen] = number
    labels = np.full(identities, -1, np.int64)
    for number, name in enumerate(names):
        own = part == number
        labels[own] = np.arange(own.sum())
        expected = f"such that none is empty, as '{name}' is with {len(others)} people to deal"
        require(bool(own.any()), "parts", expected, dict(parts))
    return SplitPlan(names, part, labels)


def _require_pairs(
    records: RecordFolder, plan: SplitPlan, held_out: Sequence[str], pairs: int, seed: int
) -> None:
    """Raises `UserError` if pairs of the parts that are `held_out` could not be written."""
    classes = records.manifest.classes
    for part in held_out:
        if (records.directory / "pairs" / part).exists():
            raise ArgumentError(
                f"Records '{records.directory}' already have pairs '{part}': use another "
                "name for the part."
            )
        own = np.flatnonzero(plan.part == plan.parts.index(part)).tolist()
        images = {
            classes[label].name: [f"{label}/{i}" for i in range(classes[label].images)]
            for label in own
        }
        sample_pairs(images, pairs, seed=seed)


def _write_part(directory: Path, records: RecordFolder, plan: SplitPlan, seed: int) -> Manifest:
    number, manifest = plan.parts.index(directory.name), records.manifest

    def chosen() -> Iterator[Record]:
        everything = progress_bar(
            records.records(),
            desc=directory.name,
            total=manifest.num_images,
            unit=" images",
        )
        for record in everything:
            if plan.part[record.label] == number:
                yield record._replace(label=int(plan.labels[record.label]))

    return write_records(
        directory,
        chosen(),
        name=manifest.name,
        num_shards=len(manifest.shards),
        crop_format=manifest.crop_format,
        names=manifest.same_names(),
        seed=seed,
    )


def _write_label_map(path: Path, identities: Sequence[str], plan: SplitPlan) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = SpreadsheetWriter(file)
        writer.writerow(HEADER)
        for label, (name, part) in enumerate(zip(identities, plan.part.tolist(), strict=True)):
            entry = (plan.parts[part], plan.labels[label]) if part >= 0 else ("", "")
            writer.writerow((label, name, *entry))
