"""A folder of photographs made a folder of aligned crops, by as many sittings as it takes."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.data.photo import decode_photo
from facerec_tf.photographs.crops import Cropper, crop_name
from facerec_tf.photographs.folder_scan import find_photos
from facerec_tf.photographs.outcome import Outcome, crop_all
from facerec_tf.photographs.photo import Photo, Rejected, write_rejected
from facerec_tf.photographs.progress_file import PROGRESS_FILE, ProgressFile
from facerec_tf.visualize import contact_sheet, save_image

FACES, REJECTED, SHEET = "faces.csv", "rejected.csv", "contact_sheet.png"

#: Crops on the contact sheet, and how many in a row.
_ON_SHEET, _COLUMNS = 120, 12

_POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def align_folder(
    images: Path,
    output: Path,
    crop_photo: Cropper,
    options: Mapping[str, Any],
    threads: int | None = None,
) -> dict[str, str]:
    """Writes the crops of all photographs below `images` to the same places below `output`.

    Stopped at any point and called again, it goes on where it stood, and ends with the same files.
    Beside the crops lie `faces.csv` (where each face was), `rejected.csv` (what gave no crop, and
    why) and `contact_sheet.png` (a sample of the crops).

    Args:
        images: Folder of photographs, with any folders below it.
        output: Folder to write to: new, empty, or one that was begun with the same `options`.
        crop_photo: What cuts the faces out of one photograph.
        options: What the crops depend on.
        threads: How many work; by default one a core.

    Returns:
        What was done, for a summary.

    Raises:
        UserError: If a folder is missing, in use, or cannot be written.
    """
    photos, hidden = find_photos(images)
    _require_distinct(photos)
    _require_apart(images, output)
    require_writable(output)
    output.mkdir(parents=True, exist_ok=True)
    _require_own(output)
    journal = ProgressFile(output, options)
    try:
        todo = [photo for photo in photos if not _is_done(photo, journal, output)]
        stamps = {}

        def stamped() -> Iterator[Photo]:
            for photo in todo:
                stamps[photo.name] = _stamp(photo)
                yield photo

        outcomes = crop_all(stamped(), crop_photo, threads)
        for outcome in progress_bar(outcomes, total=len(todo), unit=" photos"):
            _write_crops(outcome, journal, output)
            journal.add(outcome, stamps.pop(outcome.photo.name))
    finally:
        journal.close()
    return _report(photos, hidden, journal, output, len(todo))


def _write_crops(outcome: Outcome, journal: ProgressFile, output: Path) -> None:
    """Writes the crops of a photograph, in place of those it had before it changed."""
    names = {crop.name for crop in outcome.crops}
    if before := journal.entries.get(outcome.photo.name):
        for name in set(before.crops) - names:
            (output / name).unlink(missing_ok=True)
    for crop in outcome.crops:
        with atomic_file(output / crop.name) as path:
            path.write_bytes(crop.encoded)


def _report(
    photos: list[Photo], hidden: list[Rejected], journal: ProgressFile, output: Path, done: int
) -> dict[str, str]:
    entries = [(photo.name, journal.entries[photo.name]) for photo in photos]
    rejected = hidden + [Rejected(name, entry.reason) for name, entry in entries if entry.reason]
    crops = [
        (crop, name, row)
        for name, entry in entries
        for crop, row in zip(entry.crops, entry.numbers, strict=True)
    ]
    with atomic_file(output / FACES) as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        columns = (f"{point}_{axis}" for point in _POINTS for axis in "xy")
        writer.writerow(["crop", "photo", "x", "y", "width", "height", "score", *columns])
        writer.writerows([crop, name, *(f"{n:.4f}" for n in row)] for crop, name, row in crops)
    write_rejected(output / REJECTED, rejected)
    if not crops:
        reasons = "; ".join(f"'{item.file}': {item.reason}" for item in rejected[:3])
        raise DataError(f"None of the {len(photos):,} photographs gave a crop. {reasons}")
    places = np.random.default_rng(0).permutation(len(crops))[:_ON_SHEET]
    sample = [decode_photo((output / crops[place][0]).read_bytes()) for place in sorted(places)]
    save_image(contact_sheet(np.stack(sample), columns=_COLUMNS), output / SHEET)
    damaged = sum(entry.is_damaged for _, entry in entries)
    faceless = sum(entry.reason is not None for _, entry in entries) - damaged
    return {
        "photographs": f"{len(photos):,}, of which {len(photos) - done:,} were done before",
        "crops": f"{len(crops):,}; a sample is in '{output / SHEET}'",
        "rejected": f"{faceless:,} without a face to use, {damaged:,} unreadable, {len(hidden):,} "
        f"hidden or out of reach; listed in '{output / REJECTED}'",
    }


def _is_done(photo: Photo, journal: ProgressFile, output: Path) -> bool:
    entry = journal.entries.get(photo.name)
    return (
        entry is not None
        and entry.stamp == _stamp(photo)
        and not entry.is_damaged
        and all((output / name).is_file() for name in entry.crops)
    )


def _stamp(photo: Photo) -> tuple[int, int]:
    """Returns size and time of change, which differ once the file does; zeros if it is lost."""
    try:
        status = os.stat(photo.path)
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)


def _require_distinct(photos: list[Photo]) -> None:
    """Raises `DataError` for folders, or crops, that are one where letters' case does not count."""
    seen: dict[str, str] = {}
    for photo in photos:
        folder = os.path.dirname(photo.name)
        for key, name in ((folder, folder), (crop_name(photo.name), photo.name)):
            other = seen.setdefault(key.casefold(), name)
            if other != name:
                raise DataError(
                    f"'{other}' and '{name}' would become one where letters' case does not count: "
                    "rename one, or join them if they are one person's."
                )


def _require_apart(images: Path, output: Path) -> None:
    if output.resolve().is_relative_to(images.resolve()):
        raise UserError(f"--output='{output}' lies within --images='{images}': choose another.")


def _require_own(output: Path) -> None:
    if any(output.iterdir()) and not (output / PROGRESS_FILE).is_file():
        raise UserError(f"Folder '{output}' is not empty: remove it or choose another.")
