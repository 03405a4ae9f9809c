"""Suspected label errors as tables and as sheets of pictures."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.curation.embedded_records import EmbeddedRecords
from facerec_tf.curation.label_errors import LabelErrors
from facerec_tf.curation.record_folder import RecordFolder
from facerec_tf.visualize import save_image
from facerec_tf.visualize.strips_sheet import Strip, strips_sheet

IMAGES, IDENTITIES = "images.csv", "identities.csv"

#: Rows of a sheet, and images shown of an identity.
_ROWS, _CENTRAL = 12, 4


def write_report(
    folder: Path,
    records: RecordFolder,
    embedded: EmbeddedRecords,
    errors: LabelErrors,
    shown: int,
) -> None:
    """Writes the tables, and sheets of the first `shown` images and pairs, to `folder`."""
    names = [entry.name for entry in records.manifest.classes]
    _write_images(folder / IMAGES, records, embedded, errors, names)
    _write_identities(folder / IDENTITIES, embedded, errors, names)

    flagged, pairs = errors.flagged[:shown], errors.pairs()[:shown]
    others = errors.nearest[:shown]
    identities = np.unique(np.concatenate([embedded.labels[flagged], others, pairs.ravel()]))
    central = {
        label: errors.central(embedded, label, _CENTRAL + 1) for label in identities.tolist()
    }
    pixels = _read_pixels(records, embedded, np.concatenate([flagged, *central.values()]))

    def strip(label: int, *notes: str, but: int = -1) -> Strip:
        count = int(errors.images[label])
        notes = (*notes, f"{count:,} image{'s' if count > 1 else ''}")
        images = [pixels[image] for image in central[label].tolist() if image != but]
        return Strip(images[:_CENTRAL], names[label], " · ".join(notes))

    rows = []
    for number, (image, other) in enumerate(zip(flagged.tolist(), others.tolist(), strict=True)):
        is_near = errors.nearest_degrees[number] < 180
        away = f"{errors.nearest_degrees[number]:.0f}°"
        rows.append(
            [
                Strip([pixels[image]], f"{number + 1}.", f"{errors.degrees[image]:.0f}°"),
                strip(int(embedded.labels[image]), but=image),
                *([strip(other, away)] if is_near else []),
            ]
        )
    _save_sheets(
        folder / "images.png", rows, "Far from its identity: image, identity, nearest other"
    )
    rows = [
        [strip(first), strip(second, f"{_apart(errors, first, second):.0f}°")]
        for first, second in pairs.tolist()
    ]
    _save_sheets(folder / "identities.png", rows, "Two names, perhaps one person")


def _write_images(
    path: Path,
    records: RecordFolder,
    embedded: EmbeddedRecords,
    errors: LabelErrors,
    names: list[str],
) -> None:
    flagged, labels = errors.flagged, embedded.labels[errors.flagged]
    wanted = np.zeros(embedded.num_records, bool)
    wanted[embedded.places[flagged]] = True
    files = [record.filename for record in records.records(wanted)]  # In the order of the data.
    order = np.argsort(np.argsort(flagged))
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = SpreadsheetWriter(file)
        rows.writerow(
            ("file", "identity", "images", "degrees", "nearest_identity", "nearest_degrees")
        )
        for i, (image, label) in enumerate(zip(flagged.tolist(), labels.tolist(), strict=True)):
            rows.writerow(
                (
                    files[order[i]],
                    names[label],
                    errors.images[label],
                    f"{errors.degrees[image]:.2f}",
                    *_describe(names, errors.nearest[i], errors.nearest_degrees[i]),
                )
            )


def _write_identities(
    path: Path, embedded: EmbeddedRecords, errors: LabelErrors, names: list[str]
) -> None:
    flagged = np.bincount(embedded.labels[errors.flagged], minlength=len(names))
    present = np.flatnonzero(errors.images)
    present = present[np.argsort(errors.other_degrees[present], kind="stable")]
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = SpreadsheetWriter(file)
        rows.writerow(
            ("identity", "images", "flagged", "nearest_identity", "nearest_degrees", "alike")
        )
        for label in present.tolist():
            degrees = errors.other_degrees[label]
            rows.writerow(
                (
                    names[label],
                    errors.images[label],
                    flagged[label],
                    *_describe(names, errors.other[label], degrees),
                    int(degrees < errors.same_degrees),
                )
            )


def _describe(names: list[str], label: int, degrees: float) -> tuple[str, str]:
    """Name of and angle to the nearest identity; empty fields if there is none."""
    return (names[label], f"{degrees:.2f}") if degrees < 180 else ("", "")


def _apart(errors: LabelErrors, first: int, second: int) -> float:
    """The angle between two identities, of which one is nearest to the other."""
    nearer = first if errors.other[first] == second else second
    return float(errors.other_degrees[nearer])


def _read_pixels(
    records: RecordFolder, embedded: EmbeddedRecords, images: np.ndarray
) -> dict[int, np.ndarray]:
    """Pixels of the given images, by their position among the embeddings."""
    wanted = np.zeros(embedded.num_records, bool)
    wanted[embedded.places[images]] = True
    numbers = np.unique(images).tolist()
    found = zip(numbers, records.images(wanted), strict=True)
    return {number: image.pixels for number, image in found if image.pixels is not None}


def _save_sheets(path: Path, rows: list[list[Strip]], heading: str) -> None:
    """Saves the rows as one picture, or as several with a number in their names."""
    pages = math.ceil(len(rows) / _ROWS)
    for page in range(pages):
        number = f"-{page + 1}" if pages > 1 else ""
        title = f"{heading} ({page + 1} of {pages})" if pages > 1 else heading
        sheet = strips_sheet(rows[page * _ROWS : (page + 1) * _ROWS], title)
        save_image(sheet, path.with_stem(path.stem + number))
