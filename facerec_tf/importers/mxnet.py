"""InsightFace's training sets in MXNet's record format: CASIA, MS1MV2, MS1MV3, Glint360K.

The use of record 0 is that of InsightFace's `recognition/arcface_torch/dataset.py`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import DataError
from facerec_tf.core.files import LARGEST_TEXT, read_text, require_regular_file
from facerec_tf.core.quote import shorten
from facerec_tf.data import CropFormat, Record, new_directory, write_records
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.data.name_source import NameKind, NameSource
from facerec_tf.importers.mxnet_file import MXRecordFile
from facerec_tf.photographs.rejected import (
    REJECTED_FILE,
    Rejected,
    require_few_rejected,
    write_rejected,
)

#: Number of images whose size is checked, by their headers.
_SAMPLE = 100

#: Bytes of the file `property`; InsightFace's have 15.
_LARGEST_PROPERTY = 1 << 16

#: MXNet stores labels as float32, which cannot represent all larger integers.
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

    In InsightFace's files, record 0 has no image but two labels, the numbers of the first and the
    last record that describe identities; the images are the records before them. In other files,
    all records are images. Identities are named by their labels in the file and numbered from 0 in
    the order of these. The file `property` gives the number of identities and the image size.

    Args:
        rec: The record file.
        output: Folder to create.
        idx: Its index; by default the file with the suffix .idx beside it, if it exists.
        lst: MXNet's list file, which has the names of the images; by default these are
            `LABEL/NUMBER.jpg`.
        image_size: Height and width of the images; needed if there is no `property` beside `rec`.
        alignment: Name of the landmark template that the crops follow, for the manifest.
        name: First part of the shards' names.
        num_shards: Number of shards; by default one per 256 MB, as one must fit into memory, but at
            least 16.
        seed: Seed of the shuffle.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If a file is missing, damaged or contradicts another, more than 1 % of the images
            are neither JPEG nor PNG, or `output` is in use.
    """
    classes, property_size = read_property(rec.parent / "property")
    size = image_size or property_size
    if size is None:
        raise DataError(
            f"File '{rec.parent / 'property'}' does not exist: give the --size of the images."
        )
    files = read_list(lst) if lst else {}
    with MXRecordFile(rec) as source:
        starts, keys = locate(source, idx or rec.with_suffix(".idx"), is_needed=idx is not None)
        starts, keys = images_of(source, starts, keys, has_property=classes is not None)
        labels, is_whole_image = read_labels(source, starts)
        rejected = [
            Rejected(_name(files, key, label), "it is truncated, or neither JPEG nor PNG")
            for key, label in zip(
                keys[~is_whole_image].tolist(), labels[~is_whole_image].tolist(), strict=True
            )
        ]
        require_few_rejected(rejected, len(starts))
        starts, keys, labels = (part[is_whole_image] for part in (starts, keys, labels))
        identities, numbers = np.unique(labels, return_inverse=True)
        if classes is not None and len(identities) > classes:
            raise DataError(
                f"'{rec}' has images of {len(identities):,} identities, but 'property' beside it "
                f"gives {classes:,}: they are not of the same data set."
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
                crop_format=CropFormat(size, alignment),
                names=NameSource(NameKind.NUMBERS),
                seed=seed,
            )
            if rejected:
                write_rejected(folder / REJECTED_FILE, rejected)
    summary = {"images": f"{manifest.num_images:,} of {manifest.num_classes:,} identities"}
    if classes is not None and manifest.num_classes < classes:
        summary["identities"] = f"'property' gives {classes:,}"
    if rejected:
        summary["rejected"] = f"{len(rejected):,} images, listed in '{output / REJECTED_FILE}'"
    return summary


def read_property(path: Path) -> tuple[int | None, tuple[int, int] | None]:
    """Reads number of identities, and height and width, from the first line of `property`.

    Returns:
        The numbers of `85742,112,112`; two times None if the file does not exist.

    Raises:
        DataError: If the file cannot be read, or its first line is not three positive integers.
    """
    if not path.exists():
        return None, None
    text = read_text(path, max_bytes=_LARGEST_PROPERTY).strip()
    try:
        classes, height, width = map(int, text.splitlines()[0].split(","))
        if min(classes, height, width) < 1:
            raise ValueError
    except (ValueError, IndexError):
        raise DataError(
            f"'{path}' must begin with the number of identities, height and width, such as "
            f"85742,112,112. Found: {shorten(text, 60)}"
        ) from None
    return classes, (height, width)


def read_list(path: Path) -> dict[int, str]:
    """Reads MXNet's list file: number of the record → path of the image.

    Raises:
        DataError: If the file cannot be read, a line is not number, labels and path, separated by
            tabs, a number or path is repeated, or a path leads out of its folder.
    """
    found: dict[int, str] = {}
    paths: set[str] = set()
    rows = read_text(path, "list file").removesuffix("\n").split("\n")
    for line, row in enumerate(rows, start=1):
        where = f"Line {line} of list file '{path}'"
        try:
            key, *_, name = row.split("\t")
            number = int(key)
        except ValueError:
            raise DataError(
                f"{where} must be number, labels and path, separated by tabs. Found: {row.strip()}"
            ) from None
        if not name or name.startswith("/") or ".." in name.split("/"):
            raise DataError(f"{where} has the path {name!r}, expected PERSON/FILE.")
        if number in found or name in paths:
            raise DataError(f"{where} repeats the number {number} or the path '{name}'.")
        found[number] = name
        paths.add(name)
    return found


def locate(
    source: MXRecordFile, idx: Path, is_needed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Returns offset and number of every record, in the order of the file.

    Without an index, the numbers are those in the records' headers, if these are unique, or else
    the positions. InsightFace's writer puts record 0 behind the images.

    Raises:
        DataError: If the index is damaged, of another file, or missing although `is_needed`.
    """
    starts = source.starts()
    if not idx.exists():
        if is_needed:
            raise DataError(f"Index '{idx}' does not exist.")
        own = np.fromiter((source.read(start).key for start in starts.tolist()), np.uint64)
        is_unique = len(np.unique(own)) == len(own)
        return starts, own.astype(np.int64) if is_unique else np.arange(len(starts))
    require_regular_file(idx, "index", LARGEST_TEXT)
    try:
        rows = np.loadtxt(idx, np.int64, delimiter="\t", ndmin=2)
        keys, offsets = rows.T
    except (OSError, ValueError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"Index '{idx}' must have a number and an offset in every line: {reason}"
        ) from None
    for key, offset in zip(keys.tolist(), offsets.tolist(), strict=True):
        if not 0 <= offset < len(source):
            raise DataError(
                f"Index '{idx}' puts record {key} at byte {offset:,} of '{source.path}', which has "
                f"{len(source):,} bytes: it is of another file, or the file is incomplete."
            )
    if len(np.unique(keys)) < len(keys):
        raise DataError(f"Index '{idx}' lists a record twice.")
    order = np.argsort(offsets, kind="stable")
    keys, offsets = keys[order], offsets[order]
    if lost := np.flatnonzero(~np.isin(offsets, starts)).tolist():
        raise DataError(
            f"Index '{idx}' puts record {keys[lost[0]]} at byte {offsets[lost[0]]:,} of "
            f"'{source.path}', where no record begins: it is of another file."
        )
    return offsets, keys


def images_of(
    source: MXRecordFile, starts: np.ndarray, keys: np.ndarray, has_property: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Returns `starts` and `keys` of the records that are images.

    Args:
        source: The record file.
        starts: Offset of every record.
        keys: Number of every record.
        has_property: Whether the file is InsightFace's, whose record 0 says which are images.

    Raises:
        DataError: If there are none, or fewer than record 0 says.
    """
    first = np.flatnonzero(keys == 0)
    head = source.read(int(starts[first[0]])) if len(first) else None
    if head and len(head.labels) == 2 and not head.content:
        is_image = (keys > 0) & (keys < head.labels[0])
        starts, keys = starts[is_image], keys[is_image]
        if len(keys) != (expected := head.labels[0] - 1):
            raise DataError(
                f"Record 0 of '{source.path}' gives {expected:,.0f} images, but the file or its "
                f"index has {len(keys):,}: one of them is incomplete."
            )
    elif has_property:
        raise DataError(
            f"'{source.path}' has no record 0 that says which records are images, as InsightFace's "
            "files with 'property' beside them have: the file or its index is incomplete."
        )
    if not len(starts):
        raise DataError(f"Record file '{source.path}' has no images.")
    return starts, keys


def read_labels(source: MXRecordFile, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the label of every image, int64 `[images]`, and whether it is whole, bool `[images]`.

    Raises:
        DataError: If a label is not an integer of at least 0.
    """
    labels, is_whole_image = np.empty(len(starts)), np.empty(len(starts), bool)
    for place, start in enumerate(starts.tolist()):
        record = source.read(start)
        labels[place] = record.labels[0]
        is_whole_image[place] = is_whole(without_padding(record.content))
    is_label = (labels >= 0) & (labels < _LARGEST_LABEL) & (labels == np.floor(labels))
    for place in np.flatnonzero(~is_label)[:1].tolist():
        raise DataError(
            f"The record at byte {starts[place]} of '{source.path}' has label {labels[place]:g}, "
            "expected an integer of at least 0."
        )
    return labels.astype(np.int64), is_whole_image


def require_size(source: MXRecordFile, starts: np.ndarray, size: tuple[int, int]) -> None:
    """Raises `DataError` if the header of an image gives another height and width."""
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
