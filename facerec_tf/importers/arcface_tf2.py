"""TFRecords of peteryuX's arcface-tf2 made records, images byte for byte.

Its converters write `image/source_id` (int64, the number a person's folder is called by) and either
`image/filename` (`FOLDER/FILE.jpg`) with `image/encoded`, or `image/img_path`, where the file lies.
"""

from __future__ import annotations

import array
import glob
import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import ArgumentError, DataError, require_count
from facerec_tf.data import Record, new_directory, write_records
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.data.images import check_image
from facerec_tf.data.photo import UnreadableError
from facerec_tf.photographs.make_records import REJECTED, require_few
from facerec_tf.photographs.photo import Photo, Rejected, write_rejected

SOURCE_ID = "image/source_id"
FILENAME = "image/filename"
ENCODED = "image/encoded"
IMG_PATH = "image/img_path"

#: Of so many images one is decoded, and all of the first so many; the rest must look whole.
SAMPLE = 100

_READ_AT_ONCE = 64


def import_arcface_tf2(
    paths: Sequence[Path],
    output: Path,
    *,
    root: Path | None = None,
    image_size: tuple[int, int] = (112, 112),
    alignment: str = "unknown",
    name: str = "train",
    num_shards: int = 16,
    seed: int = 0,
) -> dict[str, str]:
    """Writes the records of all `paths` together, read twice, as a stream.

    Labels become 0, 1, 2 … in the order of the source ids. A person is called as the folder of
    their files, or as the source id where files have none. Damaged images are left out and listed.

    Args:
        paths: The files; see `find_files`.
        output: Folder to make.
        root: Folder of the people's folders, for records that hold paths: images are then read
            from `ROOT/FOLDER/FILE`, by default from where the path says.
        image_size: Height and width that the images must have.
        alignment: Name of the template they follow, for the manifest.
        name: First part of the shards' names.
        num_shards: Files to spread the records over.
        seed: Of the shuffle.

    Returns:
        What was written, for a summary.

    Raises:
        UserError: If a file is missing, corrupt or of another schema; source ids and folders
            contradict each other; two images have one name; an image is of another size; more than
            1 % of them, or all of a person, are damaged; or `output` cannot be written.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    if root is not None and not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    with new_directory(output) as folder:
        people, rejected, total = _survey(paths, root, image_size)
        labels = {source_id: label for label, source_id in enumerate(sorted(people))}
        images = progress_bar(_images(paths, root, image_size), total=total, unit=" images")
        records = (
            Record(image.encoded, labels[image.source_id], image.person, image.name)
            for image in images
            if not image.fault
        )
        manifest = write_records(
            folder,
            records,
            name=name,
            num_shards=num_shards,
            image_size=image_size,
            alignment=alignment,
            seed=seed,
        )
        if rejected:
            write_rejected(folder / REJECTED, rejected)
    summary = {"training": f"{manifest.num_images:,} images of {manifest.num_classes:,} people"}
    if rejected:
        summary["rejected"] = f"{len(rejected):,} images, listed in '{output / REJECTED}'"
    return summary


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Returns the files that names and patterns such as `ms1m-*.tfrecord` stand for.

    Raises:
        ArgumentError: If a file is meant twice.
        DataError: If one stands for none.
    """
    files: list[Path] = []
    for pattern in patterns:
        found = [pattern] if os.path.isfile(pattern) else sorted(glob.glob(pattern))
        if not (own := [Path(path) for path in found if os.path.isfile(path)]):
            raise DataError(f"There is no file '{pattern}'.")
        files.extend(own)
    seen: dict[Path, Path] = {}
    for path in files:
        if (other := seen.setdefault(path.resolve(), path)) is not path:
            raise ArgumentError(f"File '{path}' is given twice, once as '{other}'.")
    return files


class _Image(NamedTuple):
    """One image as its record tells of it; `fault` is why it cannot be used, or None."""

    source_id: int
    person: str
    name: str
    encoded: bytes
    fault: str | None


def _survey(
    paths: Sequence[Path], root: Path | None, image_size: tuple[int, int]
) -> tuple[dict[int, str], list[Rejected], int]:
    """Returns source id → person, what is damaged, and the number of records."""
    people: dict[int, str] = {}
    ids: dict[str, int] = {}
    usable: set[int] = set()
    rejected: list[Rejected] = []
    digests = array.array("Q")  # Names themselves would take 100 bytes each.
    for image in progress_bar(_images(paths, root, image_size), unit=" records read"):
        folder = people.setdefault(image.source_id, image.person)
        if folder != image.person:
            raise DataError(
                f"Source id {image.source_id} stands for two folders, '{folder}' and "
                f"'{image.person}' (of '{image.name}')."
            )
        source_id = ids.setdefault(image.person, image.source_id)
        if source_id != image.source_id:
            raise DataError(
                f"Folder '{image.person}' has two source ids, {source_id} and {image.source_id} "
                f"(of '{image.name}'): are these several data sets? Import each by itself, then "
                "join them with tools/merge_records.py."
            )
        digest = hashlib.blake2b(image.name.encode(), digest_size=8).digest()
        digests.append(int.from_bytes(digest, "little"))
        if image.fault:
            rejected.append(Rejected(image.name, image.fault))
        else:
            usable.add(image.source_id)
        if len(digests) == SAMPLE and not usable:  # As where `root` is another folder.
            break
    require_few(rejected, len(digests))
    if lost := sorted(people.keys() - usable):
        raise DataError(
            f"All images of '{people[lost[0]]}', and of {len(lost) - 1} others, are damaged."
        )
    if (twice := _find_repeated(np.array(digests, np.uint64))) is not None:
        images = _images(paths, root, image_size)
        raise DataError(
            f"Two images are called '{next(itertools.islice(images, twice, None)).name}': is a "
            "data set given twice?"
        )
    return people, rejected, len(digests)


def _find_repeated(digests: np.ndarray) -> int | None:
    """Returns the place of one that occurs before, or None."""
    order = np.argsort(digests, kind="stable")
    repeated = np.flatnonzero(digests[order[1:]] == digests[order[:-1]])
    return int(order[repeated[0] + 1]) if len(repeated) else None


def _images(
    paths: Sequence[Path], root: Path | None, image_size: tuple[int, int]
) -> Iterator[_Image]:
    """Yields all images; of the damaged ones, it says why.

    Raises:
        DataError: If a record is corrupt or of another schema, or an image of another size.
    """
    place = 0
    for path in paths:
        for index, serialized in enumerate(_read(path)):
            where = f"Record {index} of '{path}'"
            image = _parse(serialized, where, root)
            is_sampled = place < SAMPLE or place % SAMPLE == 0
            if not image.fault and is_sampled:
                name = f"'{image.name}' in '{path}'"
                image = image._replace(fault=check_image(image.encoded, image_size, name))
            elif not image.fault and not is_whole(image.encoded):
                image = image._replace(fault="the image is truncated, or neither JPEG nor PNG")
            yield image
            place += 1


def _read(path: Path) -> Iterator[bytes]:
    """Yields the records of a file; raises `DataError` at the first corrupt one."""
    records = tf.data.TFRecordDataset(os.fspath(path))
    index = 0
    try:
        # One by one, TensorFlow takes ten times as long.
        for batch in records.batch(_READ_AT_ONCE).as_numpy_iterator():
            yield from batch
            index += len(batch)
    except tf.errors.DataLossError:
        raise DataError(
            f"'{path}' is no file of TFRecords, or is damaged or cut short, between its records "
            f"{index} and {index + _READ_AT_ONCE}."
        ) from None
    except tf.errors.OpError as error:
        raise DataError(f"Cannot read '{path}': {error.message}") from None
    if not index:
        raise DataError(f"'{path}' holds no records.")


def _parse(serialized: bytes, where: str, root: Path | None) -> _Image:
    try:
        features = tf.train.Example.FromString(serialized).features.feature
    except DecodeError:
        raise DataError(f"{where} is no tf.train.Example.") from None
    source_id = _value(features, SOURCE_ID, "int64_list", where)
    is_path = ENCODED not in features and IMG_PATH in features
    raw = _value(features, IMG_PATH if is_path else FILENAME, "bytes_list", where)
    try:
        given = raw.decode()
    except UnicodeDecodeError:
        raise DataError(f"{where} names its image in no UTF-8: {raw!r}.") from None
    # It takes both slashes, as the converters write what their systems use.
    found = PureWindowsPath(given)
    folder = "" if found.parent.name == ".." else found.parent.name
    person = folder or str(source_id)
    if found.name in ("", ".."):
        raise DataError(f"{where} names its image '{given}', which is no file's name.")
    name = f"{person}/{found.name}"
    if not is_path:
        encoded = _value(features, ENCODED, "bytes_list", where)
        return _Image(source_id, person, name, without_padding(encoded), None)
    path = given if root is None else os.fspath(root / folder / found.name)
    try:
        return _Image(
            source_id, person, name, without_padding(Photo(name, person, path).read()), None
        )
    except UnreadableError as error:
        return _Image(source_id, person, name, b"", f"{path}: {error}")


def _value(
    features: Mapping[str, tf.train.Feature], name: str, kind: str, where: str
) -> int | bytes:
    """Returns the only value of a feature, or raises `DataError`."""
    if name in features:
        values = getattr(features[name], kind).value
        if len(values) == 1:
            return values[0]
        found = f"{name} has {len(values)} values of {kind}"
    else:
        found = f"{name} is missing; found: {', '.join(sorted(features)) or 'nothing'}"
    raise DataError(
        f"{where} is none of arcface-tf2, which has {SOURCE_ID} (int64) and either {FILENAME} and "
        f"{ENCODED} or {IMG_PATH} (bytes): {found}."
    )
