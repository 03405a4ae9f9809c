"""A folder of photographs → a folder of aligned crops; an interrupted run can be resumed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.files import atomic_file, require_writable
from facerec_tf.core.quote import escape_controls
from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.data.names import compose_name
from facerec_tf.data.photo import decode_photo
from facerec_tf.photographs.crop import Cropper, crop_name
from facerec_tf.photographs.crop_result import CropResult, crop_photos
from facerec_tf.photographs.folder_scan import scan_folder
from facerec_tf.photographs.people import NO_CROPS
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.progress_file import PROGRESS_FILE, FinishedPhoto, ProgressFile, Stamp
from facerec_tf.photographs.rejected import (
    IMAGE,
    PERSON,
    REJECTED_FILE,
    Rejected,
    count_causes,
    summarize_rejected,
    write_rejected,
)

FACES_FILE, SHEET_FILE = "faces.csv", "contact_sheet.png"

#: Crops on the contact sheet, and crops per row.
_ON_SHEET, _COLUMNS = 120, 12

_POINTS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")


def align_folder(
    images: Path,
    output: Path,
    cropper: Cropper,
    options: Mapping[str, Any],
    threads: int | None = None,
) -> dict[str, str]:
    """Writes the crops of all photographs below `images` to the same places below `output`.

    Also writes `faces.csv` (the position of every face), `rejected.csv` (photographs without a
    crop, and why) and `contact_sheet.png` (a sample of the crops). If interrupted and called again,
    it continues with the unfinished photographs and writes the same files.

    Args:
        images: Folder of photographs, in any subfolders.
        output: Folder to write to: new, empty, or of an interrupted call with the same `options`.
        cropper: From a photograph to its crops.
        options: The options that the crops depend on, stored for comparison.
        threads: Number of threads; by default one per core.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If a folder is missing, in use or cannot be written, or no photograph gave a
            crop.
    """
    photos, hidden = scan_folder(images)
    _require_distinct(photos)
    if output.resolve().is_relative_to(images.resolve()):
        raise UserError(f"--output='{output}' must not be inside --images='{images}'.")
    require_writable(output)
    output.mkdir(parents=True, exist_ok=True)
    if any(output.iterdir()) and not (output / PROGRESS_FILE).is_file():
        raise UserError(f"Folder '{output}' is not empty: remove it or choose another.")
    with _named(output / PROGRESS_FILE):
        progress = ProgressFile(output, options)
    try:
        unfinished = [photo for photo in photos if not _is_finished(photo, progress, output)]
        _crop_unfinished(unfinished, progress, output, cropper, threads)
    finally:
        progress.close()
    finished = {photo.name: progress.finished[photo.name] for photo in photos}
    without = [Rejected(name, photo.reason) for name, photo in finished.items() if photo.reason]
    left_out = hidden + without + _without_crops(finished)
    _write_faces(output / FACES_FILE, finished)
    with _named(output / REJECTED_FILE):
        write_rejected(output / REJECTED_FILE, left_out)
    crops = [output / crop for photo in finished.values() for crop in photo.crops]
    if not crops:
        reasons = "; ".join(
            f"'{escape_controls(item.file)}': {item.reason}" for item in (hidden + without)[:3]
        )
        raise DataError(f"None of the {len(photos):,} photographs gave a crop. {reasons}")
    with _named(output / SHEET_FILE):
        _write_sheet(output / SHEET_FILE, crops)
    damaged = sum(photo.is_damaged for photo in finished.values())
    lines = dict(summarize_rejected(left_out, output / REJECTED_FILE))
    inaccessible = [item for item in hidden if item.kind == IMAGE]
    causes = count_causes(inaccessible + without)
    lines["rejected"] = (
        f"{len(without) - damaged:,} without a usable face, {damaged:,} unreadable, "
        f"{len(inaccessible):,} hidden or inaccessible; listed in '{output / REJECTED_FILE}'"
        + (f" ({causes})" if causes else "")
    )
    return {
        "photographs": f"{len(photos):,}, of which {len(photos) - len(unfinished):,} were done "
        "before",
        "crops": f"{len(crops):,}; a sample is in '{output / SHEET_FILE}'",
        **lines,
    }


def _crop_unfinished(
    photos: Sequence[Photo],
    progress: ProgressFile,
    output: Path,
    cropper: Cropper,
    threads: int | None,
) -> None:
    stamps: dict[str, Stamp] = {}

    def stamped() -> Iterator[Photo]:
        for photo in photos:
            stamps[photo.name] = _stamp(photo)  # Before it is read, should it change meanwhile.
            yield photo

    results = crop_photos(stamped(), cropper, threads)
    for result in progress_bar(results, total=len(photos), unit=" photos"):
        name = result.photo.name
        _write_crops(result, progress.finished.get(name), output)
        with _named(output / PROGRESS_FILE):
            progress.add(result, stamps.pop(name))


def _write_crops(result: CropResult, before: FinishedPhoto | None, output: Path) -> None:
    """Writes the crops of a photograph and removes those of an earlier version of it."""
    if before:
        for name in set(before.crops) - {crop.name for crop in result.crops}:
            (output / name).unlink(missing_ok=True)
    for crop in result.crops:
        with _named(output / crop.name), atomic_file(output / crop.name) as path:
            path.write_bytes(crop.encoded)


def _write_faces(target: Path, finished: Mapping[str, FinishedPhoto]) -> None:
    with (
        _named(target),
        atomic_file(target) as path,
        open(path, "w", newline="", encoding="utf-8") as file,
    ):
        writer = SpreadsheetWriter(file)
        columns = (f"{point}_{axis}" for point in _POINTS for axis in "xy")
        writer.writerow(["crop", "photo", "x", "y", "width", "height", "score", *columns])
        for name, photo in finished.items():
            for crop, numbers in zip(photo.crops, photo.faces, strict=True):
                writer.writerow([crop, name, *(f"{number:.4f}" for number in numbers)])


def _write_sheet(target: Path, crops: Sequence[Path]) -> None:
    """Writes a picture of a random sample of the crops, the same one every time."""
    # Loads Matplotlib, which commands that only show their flags need not wait for.
    from facerec_tf.visualize import contact_sheet, save_image

    places = np.random.default_rng(0).permutation(len(crops))[:_ON_SHEET]
    shown = [crops[place] for place in sorted(places)]
    sample = np.stack([decode_photo(crop.read_bytes()) for crop in shown])
    names = [crop.relative_to(target.parent).as_posix() for crop in shown]
    save_image(contact_sheet(sample, columns=_COLUMNS, labels=names), target)


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    """Adds the file's name to errors of writing: that of a full disk has none."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"Cannot write '{path}': {error.strerror or error}. To continue, run the same command "
            "again."
        ) from error


def _without_crops(finished: Mapping[str, FinishedPhoto]) -> list[Rejected]:
    """Returns the folders whose photographs gave no crop."""
    crops: dict[str, int] = {}
    for name, photo in finished.items():
        folder = os.path.dirname(name)
        crops[folder] = crops.get(folder, 0) + len(photo.crops)
    empty = [folder for folder, number in crops.items() if folder and not number]
    return [Rejected(folder, NO_CROPS, PERSON) for folder in empty]


def _is_finished(photo: Photo, progress: ProgressFile, output: Path) -> bool:
    before = progress.finished.get(photo.name)
    return (
        before is not None
        and before.stamp == _stamp(photo)
        and not before.is_damaged
        and all((output / name).is_file() for name in before.crops)
    )


def _stamp(photo: Photo) -> Stamp:
    """Returns size and time of change; zeros if the file has vanished."""
    try:
        status = os.stat(photo.path)
    except OSError:
        return (0, 0)
    return (status.st_size, status.st_mtime_ns)


def _require_distinct(photos: Sequence[Photo]) -> None:
    """Raises `DataError` for folders or crops that are the same on some disks.

    Some file systems ignore the case of letters, and some the Unicode form of names.
    """
    seen: dict[str, str] = {}
    for photo in photos:
        folder = os.path.dirname(photo.name)
        for key, name in ((folder, folder), (crop_name(photo.name), photo.name)):
            other = seen.setdefault(compose_name(key.casefold()), name)
            if other != name:
                ignores = "case" if compose_name(other) != compose_name(name) else "normalization"
                names = " and ".join(f"'{escape_controls(item)}'" for item in (other, name))
                raise DataError(
                    f"{names} would have the same output on a {ignores}-insensitive file system: "
                    "rename one, or merge the folders if they are of one person."
                )
