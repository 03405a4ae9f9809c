"""Report of the overlap: a table, a list of names to leave out, and a sheet of pictures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from facerec_tf.core.errors import ArgumentError, require, require_count
from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.curation.names import write_names
from facerec_tf.curation.overlap import DEGREES, Overlap, find_overlap
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.data import new_directory
from facerec_tf.data.index import load_index
from facerec_tf.data.manifest import ClassEntry
from facerec_tf.data.reading import read_images
from facerec_tf.data.records import deserialize
from facerec_tf.serving import Embedder
from facerec_tf.visualize import save_image
from facerec_tf.visualize.strips_sheet import Strip, strips_sheet

TABLE, NAMES, SHEET = "overlap.csv", "overlapping.txt", "overlap.png"
HEADER = (
    "identity",
    "images",
    "test_identity",
    "test_images",
    "degrees",
    "by_name",
    "by_embedding",
    "equal_images",
)

#: Images of an identity on the sheet.
_IMAGES = 3


def check_overlap(
    output: Path,
    data: RecordFolder,
    test: RecordFolder,
    *,
    embedder: Embedder | None = None,
    degrees: float | None = None,
    by_name: bool = True,
    images: int = 10,
    shown: int = 24,
) -> dict[str, str]:
    """Reports the people of `data` that may be in `test`; both stay unchanged.

    `overlap.csv` lists the pairs, `overlapping.txt` the names in `data` that
    `split.split_records` can leave out. `overlap.png` shows pairs: those with equal images last,
    and those with different names first.

    Args:
        output: Folder to make.
        data: Records to train on.
        test: Records or a pair set to test on.
        embedder: The model; None compares only names and images.
        degrees: With `embedder`: largest angle between identities that are listed; by default
            `DEGREES`.
        by_name: Whether to compare names.
        images: Largest number of images of an identity that are embedded.
        shown: Largest number of pairs on the sheet.

    Returns:
        Counts of people and pairs, for a summary.

    Raises:
        UserError: If options do not fit, records are damaged, or `output` is in use or cannot be
            written.
    """
    if embedder is None and (degrees is not None or not by_name):
        raise ArgumentError(
            "Missing flag: --workdir=RUN or --model=FILE, to compare more than names."
        )
    degrees = DEGREES if degrees is None else degrees
    require(0 < degrees < 90, "degrees", "above 0 and below 90", degrees)
    require_count("images", images)
    require_count("shown", shown)
    with new_directory(output) as folder:
        overlap = find_overlap(
            data, test, embedder=embedder, degrees=degrees, by_name=by_name, images=images
        )
        _write_table(folder / TABLE, data, test, overlap)
        ours = np.unique(overlap.labels[:, 0]).tolist()
        write_names(folder / NAMES, [data.manifest.classes[label].name for label in ours])
        if len(overlap.labels):
            save_image(_draw(data, test, overlap, shown), folder / SHEET)
    summary = _summarize(data, test, overlap, embedder is not None, degrees, by_name)
    if ours:
        summary["overlapping"] += f", listed in '{output / NAMES}'"
    return summary


def _write_table(path: Path, data: RecordFolder, test: RecordFolder, overlap: Overlap) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = SpreadsheetWriter(file)
        writer.writerow(HEADER)
        for (label, other), degrees, *found in zip(*overlap, strict=True):
            ours, theirs = data.manifest.classes[label], test.manifest.classes[other]
            angle = "" if np.isnan(degrees) else f"{degrees:.2f}"
            writer.writerow((*_fields(ours), *_fields(theirs), angle, *map(int, found)))


def _draw(data: RecordFolder, test: RecordFolder, overlap: Overlap, shown: int) -> np.ndarray:
    """Draws a sheet of pairs: training identities on the left, test identities on the right.

    Pairs with different names come first: only pictures show whether they are one person. Pairs
    with equal images come last.
    """
    chosen = np.lexsort((overlap.by_name, overlap.equal_images > 0))[:shown]
    pairs = overlap.labels[chosen]
    ours, theirs = (
        _read_faces(records, labels) for records, labels in zip((data, test), pairs.T, strict=True)
    )
    rows = []
    for (label, other), degrees in zip(pairs.tolist(), overlap.degrees[chosen], strict=True):
        one, two = data.manifest.classes[label], test.manifest.classes[other]
        angle = "" if np.isnan(degrees) else f" · {degrees:.0f}°"
        rows.append(
            [
                Strip(ours[label], one.name, _count(one.images)),
                Strip(theirs[other], two.name, _count(two.images) + angle),
            ]
        )
    heading = f"{data.directory.name} (left) and {test.directory.name} (right)"
    return strips_sheet(rows, heading)


def _read_faces(records: RecordFolder, labels: np.ndarray) -> dict[int, list[np.ndarray]]:
    """Pixels of the first undamaged images, by label."""
    index, faces = load_index(records.directory), {}
    for label in np.unique(labels).tolist():
        count = min(_IMAGES, records.manifest.classes[label].images)
        read = index.read(index.first[label] + np.arange(count))
        items = [(str(records.directory), deserialize(serialized)) for serialized in read]
        images = read_images(items, records.manifest)
        faces[label] = [image.pixels for image in images if image.pixels is not None]
    return faces


def _summarize(
    data: RecordFolder,
    test: RecordFolder,
    overlap: Overlap,
    measured: bool,
    degrees: float,
    by_name: bool,
) -> dict[str, str]:
    ours, theirs = (records.manifest for records in (data, test))
    summary = {
        "compared": f"{ours.num_classes:,} people of '{data.directory}' with "
        f"{theirs.num_classes:,} of '{test.directory}'"
    }
    named, near = overlap.by_name, overlap.by_embedding
    if by_name:
        summary["by name"] = _people(overlap, named)
        names = (ours.classes[label].name for label in overlap.labels[named, 0].tolist())
        if numbers := sum(not re.search(r"[^\W\d_]", name) for name in names):
            summary["by number"] = (
                f"{numbers:,} of these names contain no letters: different people in two data "
                "sets may have the same number; see --nonames"
            )
    equal = overlap.equal_images > 0
    if equal.any():
        summary["by image"] = (
            f"{_people(overlap, equal)} have {overlap.equal_images.sum():,} images of "
            f"'{test.directory}', byte for byte; they are listed last"
        )
    if measured:
        only = near & ~named & ~equal
        summary["by embedding"] = f"{_people(overlap, near)} within {degrees:g}°" + (
            f", {_people(overlap, only)} under other names" if by_name else ""
        )
    if measured and named.any():
        share, middle = near[named].mean(), np.nanmedian(overlap.degrees[named])
        summary["of equal names"] = (
            f"{share:.1%} are within {degrees:g}°, half within {middle:.1f}°"
        )
    tested = len(np.unique(overlap.labels[:, 1]))
    summary["overlapping"] = (
        f"{_people(overlap, named | near | equal)} trained on are {tested:,} of the "
        f"{theirs.num_classes:,} tested on ({tested / theirs.num_classes:.1%})"
    )
    return summary


def _people(overlap: Overlap, chosen: np.ndarray) -> str:
    return f"{len(np.unique(overlap.labels[chosen, 0])):,} people"


def _fields(entry: ClassEntry) -> tuple[str, int]:
    return entry.name, entry.images


def _count(images: int) -> str:
    return f"{images:,} image{'s' if images > 1 else ''}"
