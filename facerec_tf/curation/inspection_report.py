"""Report of an inspection: numbers, tables and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.curation.duplicates import Duplicates
from facerec_tf.curation.record_table import RecordTable
from facerec_tf.data import Manifest, PairSet, Record
from facerec_tf.data.images import decode_any
from facerec_tf.visualize import save, save_image
from facerec_tf.visualize.images_per_identity import images_per_identity_figure
from facerec_tf.visualize.strips_sheet import Strip, strips_sheet

NUMBERS, DUPLICATES = "inspection.json", "duplicates.csv"

#: Images of an identity, groups of duplicates, images per group and images per row that are shown.
_SHOWN, _GROUPS, _OF_GROUP, _PER_ROW = 10, 24, 24, 6


class Inspected(NamedTuple):
    """Result of an inspection.

    Attributes:
        data: The folder.
        manifest: Its manifest.
        table: One row per record.
        duplicates: Groups of similar images, by their rows in the table.
        faults: Kind → number of faults.
        pairs: The pair set, if the folder is an undamaged one.
        read: Reads the record at a place.
    """

    data: Path
    manifest: Manifest
    table: RecordTable
    duplicates: Duplicates
    faults: dict[str, int]
    pairs: PairSet | None
    read: Callable[[int], Record]

    def images(self) -> np.ndarray:
        """Numbers of undamaged images by identity, int64 `[identities]`."""
        labels = self.table.labels[self.table.sound]
        return np.bincount(labels[labels >= 0], minlength=self.manifest.num_classes)

    def decode(self, place: int) -> np.ndarray:
        """Pixels of an undamaged record."""
        return decode_any(self.read(place).encoded).numpy()


def write_report(found: Inspected, folder: Path, identities: int, seed: int) -> dict[str, str]:
    """Writes all files to `folder`; returns the main figures, for a summary."""
    images = found.images()
    numbers = _numbers(found, images)
    (folder / NUMBERS).write_text(
        json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    _write_duplicates(found, folder / DUPLICATES)
    if images.any():
        figure = images_per_identity_figure(images, f"Images per identity: {found.data.name}")
        save(figure, folder / "images_per_identity.png", dpi=150)
        sheet = _identities_sheet(found, images, identities, seed)
        save_image(sheet, folder / "identities.png")
    if len(found.duplicates.places):
        save_image(_duplicates_sheet(found), folder / "duplicates.png")
    return _summary(numbers)


def _numbers(found: Inspected, images: np.ndarray) -> dict[str, Any]:
    manifest, table = found.manifest, found.table
    ends = [*table.starts[1:], len(table)]
    numbers = {
        "data": str(found.data),
        "identities": manifest.num_classes,
        "images": int(table.sound.sum()),
        "images_in_manifest": manifest.num_images,
        "image_size": list(manifest.image_size),
        "alignment": manifest.alignment,
        "images_per_identity": {
            "least": int(images.min()),
            "median": float(np.median(images)),
            "mean": float(images.mean()),
            "most": int(images.max()),
            "identities_with_none": int((images == 0).sum()),
            "identities_with_one": int((images == 1).sum()),
        },
        "bytes": sum(shard.bytes for shard in manifest.shards),
        "shards": [
            {
                "file": shard.file,
                "records": end - start,
                "images": int(table.sound[start:end].sum()),
                "bytes": shard.bytes,
            }
            for shard, start, end in zip(manifest.shards, table.starts, ends, strict=True)
        ],
        "faults": found.faults,
        "duplicates": _count_duplicates(found.duplicates),
    }
    if found.pairs:
        numbers["pairs"] = {
            "pairs": len(found.pairs),
            "same": int(found.pairs.same.sum()),
            "folds": int(found.pairs.folds.max()) + 1,
        }
    return numbers


def _count_duplicates(duplicates: Duplicates) -> dict[str, int]:
    """Numbers of groups and images, by kind of duplicate."""
    counts = {}
    for where, chosen in (("across", duplicates.across), ("within", ~duplicates.across)):
        counts[f"groups_{where}_identities"] = len(np.unique(duplicates.groups[chosen]))
        counts[f"images_{where}_identities"] = int(chosen.sum())
        identical = int((chosen & duplicates.identical).sum())
        counts[f"identical_images_{where}_identities"] = identical
    return counts


def _write_duplicates(found: Inspected, path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = SpreadsheetWriter(file)
        rows.writerow(("group", "across_identities", "kind", "identity", "file", "shard", "index"))
        for place, group, identical, across in zip(*found.duplicates, strict=True):
            record, (shard, index) = found.read(int(place)), found.table.shard(place)
            kind = "identical" if identical else "alike"
            name = found.manifest.shards[shard].file
            rows.writerow((group, int(across), kind, record.text, record.filename, name, index))


def _identities_sheet(
    found: Inspected, images: np.ndarray, identities: int, seed: int
) -> np.ndarray:
    """Draws a sheet of random identities, one per row, with some of their images.

    Identities with a single image are shown only if there are too few others.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.permutation(np.flatnonzero(images))
    drawn = np.sort(drawn[np.argsort(images[drawn] < 2, kind="stable")][:identities])
    rows = []
    for label in drawn.tolist():
        own = np.flatnonzero((found.table.labels == label) & found.table.sound)
        places = np.sort(generator.permutation(own)[:_SHOWN])
        note = f"{len(own):,} image{'s' if len(own) > 1 else ''} · label {label}"
        name = found.manifest.classes[label].name
        rows.append([Strip([found.decode(place) for place in places.tolist()], name, note)])
    return strips_sheet(rows, f"Random identities: {found.data.name}")


def _duplicates_sheet(found: Inspected) -> np.ndarray:
    """Draws a sheet of the first groups of duplicates, each on rows of its own."""
    duplicates, rows = found.duplicates, []
    groups = int(duplicates.groups[-1]) + 1
    for group in range(min(_GROUPS, groups)):
        places = duplicates.places[duplicates.groups == group][:_OF_GROUP].tolist()
        strips = [_duplicate(found, place) for place in places]
        rows += [strips[at : at + _PER_ROW] for at in range(0, len(strips), _PER_ROW)]
    shown = sum(map(len, rows))
    heading = f"Duplicates: {shown:,} of {len(duplicates.places):,} images"
    heading += f", {min(_GROUPS, groups):,} of {groups:,} groups, those across identities first"
    return strips_sheet(rows, heading, height=160)


def _duplicate(found: Inspected, place: int) -> Strip:
    """An image with its identity and the name of its file, in its folder."""
    record = found.read(place)
    return Strip([found.decode(place)], record.text, record.filename.rsplit("/", 1)[-1])


def _summary(numbers: dict[str, Any]) -> dict[str, str]:
    of_each, shards, size = (numbers[k] for k in ("images_per_identity", "shards", "image_size"))
    records = sorted(shard["records"] for shard in shards)
    total, twice = sum(numbers["faults"].values()), numbers["duplicates"]
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(numbers["faults"].items()))
    summary: dict[str, str] = {
        "identities": f"{numbers['identities']:,}",
        "images": f"{numbers['images']:,} sound, of {numbers['images_in_manifest']:,} in the "
        "manifest",
        "images per identity": f"{of_each['least']:,} to {of_each['most']:,}, median "
        f"{of_each['median']:,g}, mean {of_each['mean']:,.1f}; "
        f"{of_each['identities_with_one']:,} have one, {of_each['identities_with_none']:,} none",
        "image size": f"{size[0]}x{size[1]} pixels, alignment {numbers['alignment']}",
        "shards": f"{len(shards):,} of {records[0]:,} to {records[-1]:,} records, "
        f"{numbers['bytes'] / 1e6:,.1f} MB",
        "faults": f"{total:,}" + (f" ({kinds})" if total else ""),
        "duplicates across identities": _describe_duplicates(twice, "across"),
        "duplicates within identities": _describe_duplicates(twice, "within"),
    }
    if pairs := numbers.get("pairs"):
        summary["pairs"] = (
            f"{pairs['pairs']:,}, {pairs['same']:,} of the same person, {pairs['folds']:,} folds"
        )
    return summary


def _describe_duplicates(counts: dict[str, int], where: str) -> str:
    groups, images = (counts[f"{what}_{where}_identities"] for what in ("groups", "images"))
    identical = counts[f"identical_images_{where}_identities"]
    return f"{images:,} images in {groups:,} groups, {identical:,} of them identical to the byte"
