"""Merges folders of records; different people with equal names stay apart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import ArgumentError, DataError, require
from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.curation.people import People, read_persons, unite
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import Manifest, Record, new_directory, write_records
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.data.names import compose_name

LABEL_MAP = "label_map.csv"
HEADER = ("dataset", "old_label", "old_name", "new_label", "new_name")


def merge_records(
    output: Path,
    inputs: Mapping[str, Path],
    *,
    same: Path | None = None,
    same_names: bool = False,
    name: str = "train",
    num_shards: int | None = None,
    seed: int = 0,
) -> dict[str, str]:
    """Writes the records of all `inputs` to a new folder, with `label_map.csv`.

    Identities are different people, even if they have equal names, unless `same` or `same_names`
    says otherwise; see `people.unite` for their new names. Names are written in Unicode's form NFC,
    and identities of one data set whose names are then equal are merged. Images are renamed
    `DATASET/FILENAME`.
    Pair sets are not copied: people held out of one data set may be in another.

    Args:
        output: Folder to make.
        inputs: Name of each data set, without "/" → its folder of records; see `name_inputs`.
        same: CSV of identities that are one person; see `people.read_persons`.
        same_names: Whether equal names, which `same` does not list, are one person.
        name: First part of the shards' file names.
        num_shards: Number of shards; by default that of all inputs together.
        seed: Seed of the shuffle.

    Returns:
        Counts of images and identities, for a summary.

    Raises:
        UserError: If records are missing or damaged, of different sizes or alignments, `same` does
            not fit them, or `output` is in use or cannot be written.
    """
    require(bool(inputs), "inputs", "one or more folders of records", inputs)
    sets = {dataset: RecordFolder.open(path) for dataset, path in inputs.items()}
    _require_same_format(list(sets.values()))
    identities = {
        dataset: [compose_name(entry.name) for entry in source.manifest.classes]
        for dataset, source in sets.items()
    }
    persons = read_persons(same, identities) if same else {}
    people = unite(identities, persons, same_names)
    manifests = [source.manifest for source in sets.values()]
    if num_shards is None:
        num_shards = sum(len(manifest.shards) for manifest in manifests)
    with new_directory(output) as folder:
        records = _merged(sets, people)
        total = sum(manifest.num_images for manifest in manifests)
        write_records(
            folder,
            progress_bar(records, total=total, unit=" images"),
            name=name,
            num_shards=num_shards,
            crop_format=manifests[0].crop_format,
            names=NameSource(_common_kind(manifests)),
            seed=seed,
        )
        renamed = _write_label_map(folder / LABEL_MAP, sets, people)
    found, left = len(people.labels), len(people.names)
    summary = {
        "images": f"{total:,} of {left:,} people, from {len(sets):,} data sets",
        "identities": f"{found:,}, {found - left:,} of them merged into another of the same person",
        "renamed": f"{renamed:,} identities, listed with all others in '{output / LABEL_MAP}'",
    }
    if composed := _composed(sets):
        twice = sum(len(names) - len(set(names)) for names in identities.values())
        summary["Unicode"] = f"{composed:,} names are now in the form NFC" + (
            f"; {twice:,} identities had the name of another in a second form, and are merged "
            "with it"
            if twice
            else ""
        )
    pairs = [str(source.directory / "pairs") for source in sets.values()]
    if left_out := [path for path in pairs if Path(path).is_dir()]:
        summary["pair sets"] = (
            f"not copied from {', '.join(left_out)}: their people may be in the other data. "
            "Check with facerec check-overlap"
        )
    return summary


def name_inputs(inputs: Sequence[str]) -> dict[str, Path]:
    """Parses data sets given as `DIR` or `NAME=DIR`; the default name is that of the folder.

    Returns:
        Name → folder.

    Raises:
        ArgumentError: If a name or a folder is repeated, or a name is empty.
    """
    named: dict[str, Path] = {}
    for given in inputs:
        found = re.fullmatch(r"([^/=]+)=(.+)", given, re.DOTALL)
        path = Path(found[2] if found else given)
        name = found[1] if found else path.resolve().name
        if not given or not name:
            raise ArgumentError(f"Data set '{given}' has no name: write NAME=DIR.")
        if name in named:
            raise ArgumentError(
                f"Data sets '{named[name]}' and '{path}' are both named '{name}': give them "
                f"different names, such as --inputs={name}1={named[name]},{name}2={path}."
            )
        if path.resolve() in [other.resolve() for other in named.values()]:
            raise ArgumentError(f"Data set '{path}' is given twice.")
        named[name] = path
    return named


def _require_same_format(sets: Sequence[RecordFolder]) -> None:
    first = sets[0]
    for other in sets[1:]:
        sizes = ["×".join(map(str, source.manifest.image_size)) for source in (first, other)]
        alignments = [source.manifest.alignment for source in (first, other)]
        for what, (one, two) in {"of one size": sizes, "of one alignment": alignments}.items():
            if one != two:
                raise DataError(
                    f"Records that are merged must be {what}: those of '{first.directory}' are "
                    f"{one}, those of '{other.directory}' {two}. Align the photographs again."
                )


def _merged(sets: Mapping[str, RecordFolder], people: People) -> Iterator[Record]:
    start = 0
    for dataset, source in sets.items():
        for record in source.records():
            label = int(people.labels[start + record.label])
            filename = f"{dataset}/{record.filename}"
            yield Record(record.encoded, label, people.names[label], filename)
        start += source.manifest.num_classes


def _common_kind(manifests: Sequence[Manifest]) -> NameKind:
    """Kind of the names of merged records: names of people only if all are."""
    kinds = {manifest.name_kind for manifest in manifests}
    return kinds.pop() if len(kinds) == 1 else NameKind.NUMBERS


def _composed(sets: Mapping[str, RecordFolder]) -> int:
    """Number of identities whose names are not in Unicode's form NFC."""
    return sum(
        entry.name != compose_name(entry.name)
        for source in sets.values()
        for entry in source.manifest.classes
    )


def _write_label_map(path: Path, sets: Mapping[str, RecordFolder], people: People) -> int:
    """Writes the new label and name of every identity; returns how many names changed."""
    renamed = 0
    start = 0
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = SpreadsheetWriter(file)
        writer.writerow(HEADER)
        for dataset, source in sets.items():
            for old, entry in enumerate(source.manifest.classes):
                new = int(people.labels[start + old])
                writer.writerow((dataset, old, entry.name, new, people.names[new]))
                renamed += people.names[new] != entry.name
            start += source.manifest.num_classes
    return renamed
