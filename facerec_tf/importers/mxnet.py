"""InsightFace's data sets in MXNet's format: CASIA, MS1MV2 and 3, Glint360K (REFERENCE §7)."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.data import Record, new_directory, write_records
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.importers.mxnet_file import MXRecordFile
from facerec_tf.photographs.make_records import REJECTED, require_few
from facerec_tf.photographs.photo import Rejected, write_rejected

#: Images whose size is looked at, by their headers.
_SAMPLE = 100

#: Past it float32, in which MXNet keeps labels, does not know all integers.
_LARGEST_LABEL = 1 << 24


def import_mxnet(
    rec: Path,
    output: Path,
    *,
    idx: Path | None = None,
    lst: Path | None = None,
    image_size: tuple[int, int] | None = None,
    alignment: str = "arcface-112",
    name: str = "train",
    num_shards: int | None = None,
    seed: int = 0,
) -> dict[str, str]:
    """Writes the images of a `.rec` file to a new folder of records, byte for byte.

    Where record 0 has two labels and no image, as in InsightFace's files, these are the numbers of
    the records that tell of identities: images are those before them. All records of other files
    are images. Identities are called by their labels in the file, and numbered anew
    from 0 in their order. `property`, beside the file, tells identities and size.

    Args:
        rec: The record file.
        output: Folder to make.
        idx: Its index; by default the file of that suffix beside it, if there is one.
        lst: MXNet's list, which has the images' names; by default they are `LABEL/NUMBER.jpg`.
        image_size: Height and width, where there is no `property`.
        alignment: Name of the crops' template, for the manifest.
        name: First part of the shards' names.
        num_shards: Files to spread the records over; by default 16, or one for every 256 MB, as
            memory holds one.
        seed: Of the shuffle.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If a file is missing, damaged or contradicts another, more than 1 % of the images
            are neither JPEG nor PNG, or `output` is in use.
    """
    classes, told_size = read_property(rec.parent / "property")
    size = image_size or told_size
    if size is None:
        raise DataError(f"There is no '{rec.parent / 'property'}': give --size of the images.")
    files = read_list(lst) if lst else {}
    with MXRecordFile(rec) as source:
        starts, keys = locate(source, idx or rec.with_suffix(".idx"), is_needed=idx is not None)
        starts, keys = images_of(source, starts, keys, is_told=classes is not None)
        labels, is_sound = survey(source, starts)
        rejected = [
            Rejected(_name(files, key, label), "it is truncated, or neither JPEG nor PNG")
            for key, label in zip(keys[~is_sound].tolist(), labels[~is_sound].tolist(), strict=True)
        ]
        require_few(rejected, len(starts))
        starts, keys, labels = starts[is_sound], keys[is_sound], labels[is_sound]
        identities, numbers = np.unique(labels, return_inverse=True)
        if classes is not None and len(identities) > classes:
            raise DataError(
                f"'{rec}' holds images of {len(identities):,} identities, but 'property' beside it "
                f"tells of {classes:,}: they do not belong together."
            )
        require_size(source, starts[:: len(starts) // _SAMPLE + 1], size)

        def records() -> Iterator[Record]:
            rows = zip(starts, keys, labels, numbers, strict=True)
            for start, key, label, number in progress_bar(rows, total=len(starts), unit=" images"):
                encoded = without_padding(source.read(start).content)
                yield Record(encoded, number, str(label), _name(files, key, label))

        with new_directory(output) as folder:
            manifest = write_records(
                folder,
                records(),
                name=name,
                num_shards=num_shards or max(16, len(source) >> 28),
                image_size=size,
                alignment=alignment,
                seed=seed,
            )
            if rejected:
                write_rejected(folder / REJECTED, rejected)
    summary = {"images": f"{manifest.num_images:,} of {manifest.num_classes:,} identities"}
    if classes is not None and manifest.num_classes < classes:
        summary["identities"] = f"'property' tells of {classes:,}"
    if rejected:
        summary["rejected"] = f"{len(rejected):,} images, listed in '{output / REJECTED}'"
    return summary


def read_property(path: Path) -> tuple[int | None, tuple[int, int] | None]:
    """Returns identities, and height and width, as `property` tells: `classes,112,112` first."""
    if not path.is_file():
        return None, None
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    try:
        classes, height, width = map(int, text.splitlines()[0].split(","))
        if min(classes, height, width) < 1:
            raise ValueError
    except (ValueError, IndexError):
        raise DataError(
            f"'{path}' must hold identities, height and width, as 85742,112,112. Found: {text[:60]}"
        ) from None
    return classes, (height, width)


def read_list(path: Path) -> dict[int, str]:
    """Returns the images' names by number from MXNet's list: number, labels and path, by tabs."""
    found: dict[int, str] = {}
    line = 0
    try:
        with open(path, encoding="utf-8") as file:
            for row in file:
                line += 1
                number, *_, name = row.rstrip("\r\n").split("\t")
                found[int(number)] = name
    except OSError as error:
        raise DataError(f"Cannot read list '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"List '{path}' is no text in UTF-8: {error}.") from None
    except ValueError:
        raise DataError(
            f"Line {line} of list '{path}' is no number, labels and path, by tabs."
        ) from None
    if line != len(found) or len(set(found.values())) < len(found):
        raise DataError(f"List '{path}' has a number or a path twice.")
    for name in found.values():
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise DataError(f"List '{path}' has path {name!r}, where PERSON/FILE is expected.")
    return found


def locate(
    source: MXRecordFile, idx: Path, is_needed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns where the records begin, in the order of the file, and their numbers.

    Without an index they have the numbers that they tell themselves; InsightFace's writer puts
    record 0 behind the images.

    Raises:
        DataError: If the index is missing though `is_needed`, damaged, or of another file.
    """
    starts = source.starts()
    if not idx.is_file():
        if is_needed:
            raise DataError(f"Index '{idx}' does not exist.")
        told = np.fromiter((source.read(start).key for start in starts.tolist()), np.uint64)
        is_numbered = len(np.unique(told)) == len(told)
        return starts, told.astype(np.int64) if is_numbered else np.arange(len(starts))
    try:
        rows = np.loadtxt(idx, np.int64, delimiter="\t", ndmin=2)
        keys, offsets = rows.T
    except (OSError, ValueError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"Index '{idx}' must hold lines of a number and an offset: {reason}"
        ) from None
    for key, offset in zip(keys.tolist(), offsets.tolist(), strict=True):
        if not 0 <= offset < len(source):
            raise DataError(
                f"Index '{idx}' has record {key} begin at byte {offset:,}, outside '{source.path}' "
                f"({len(source):,} bytes): they do not belong together, or it is cut short."
            )
    if len(np.unique(keys)) < len(keys):
        raise DataError(f"Index '{idx}' has a record twice.")
    order = np.argsort(offsets, kind="stable")
    keys, offsets = keys[order], offsets[order]
    if lost := np.flatnonzero(~np.isin(offsets, starts)).tolist():
        raise DataError(
            f"Index '{idx}' has record {keys[lost[0]]} begin at byte {offsets[lost[0]]:,} of "
            f"'{source.path}', where none begins: they do not belong together."
        )
    return offsets, keys


def images_of(
    source: MXRecordFile, starts: np.ndarray, keys: np.ndarray, is_told: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Returns `starts` and `keys` of the images alone; `is_told`: record 0 must tell which.

    Raises:
        DataError: If there are none, or fewer than record 0 tells of.
    """
    first = np.flatnonzero(keys == 0)
    head = source.read(int(starts[first[0]])) if len(first) else None
    if head and len(head.labels) == 2 and not head.content:
        is_image = (keys > 0) & (keys < head.labels[0])
        starts, keys = starts[is_image], keys[is_image]
        if len(keys) != (told := int(head.labels[0]) - 1):
            raise DataError(
                f"Record 0 of '{source.path}' tells of {told:,} images, but {len(keys):,} are "
                "there, or in the index: one of them is cut short."
            )
    elif is_told:
        raise DataError(
            f"'{source.path}' has no record 0 that tells which records are images, as those of "
            "InsightFace have, which 'property' beside it is of: it, or its index, is cut short."
        )
    if not len(starts):
        raise DataError(f"Record file '{source.path}' holds no images.")
    return starts, keys


def survey(source: MXRecordFile, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the identity of every image, int64 `[images]`, and whether it looks whole, bool.

    Raises:
        DataError: If an identity is no integer from 0.
    """
    labels, is_sound = np.empty(len(starts)), np.empty(len(starts), bool)
    for place, start in enumerate(starts.tolist()):
        record = source.read(start)
        labels[place] = record.labels[0]
        is_sound[place] = is_whole(without_padding(record.content))
    is_label = (labels >= 0) & (labels < _LARGEST_LABEL) & (labels == np.floor(labels))
    for place in np.flatnonzero(~is_label)[:1].tolist():
        raise DataError(
            f"The record at byte {starts[place]} of '{source.path}' has label {labels[place]:g}, "
            "where identities are integers from 0."
        )
    return labels.astype(np.int64), is_sound


def require_size(source: MXRecordFile, starts: np.ndarray, size: tuple[int, int]) -> None:
    """Raises `DataError` if one of the images is of another height and width, by its header."""
    for start in starts.tolist():
        try:
            width, height = Image.open(io.BytesIO(source.read(start).content)).size
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise DataError(
                f"The image at byte {start} of '{source.path}' cannot be read: {error}."
            ) from None
        if (height, width) != size:
            raise DataError(
                f"The image at byte {start} of '{source.path}' is {height}x{width} pixels, "
                f"expected {size[0]}x{size[1]}."
            )


def _name(files: Mapping[int, str], key: int, label: int) -> str:
    return files.get(key) or f"{label}/{key}.jpg"
