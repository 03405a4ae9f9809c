"""TFRecords of https://github.com/peteryuX/arcface-tf2 → records, images byte for byte.

Its converters, `data/convert_train_*_tfrecord.py`, write `image/source_id` (int64, the name of the
person's folder as a number) and either `image/filename` (`FOLDER/FILE.jpg`) with `image/encoded`,
or `image/img_path`, the path of the file.
"""

from __future__ import annotations

import array
import glob
import hashlib
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PureWindowsPath
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from facerec_tf.core.chief import progress_bar
from facerec_tf.core.errors import ArgumentError, DataError, require_count
from facerec_tf.core.files import require_regular_file
from facerec_tf.data import CropFormat, Record, new_directory, write_records
from facerec_tf.data.codec import is_whole, without_padding
from facerec_tf.data.crop_format import UNKNOWN_112
from facerec_tf.data.frames import require_frames
from facerec_tf.data.images import check_image
from facerec_tf.data.photo import UnreadableError
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import (
    REJECTED_FILE,
    Rejected,
    require_few_rejected,
    write_rejected,
)

SOURCE_ID = "image/source_id"
FILENAME = "image/filename"
ENCODED = "image/encoded"
IMG_PATH = "image/img_path"

#: The first so many images are decoded, then one in so many. The others are checked for their ends.
SAMPLE = 100

_READ_AT_ONCE = 64


def import_arcface_tf2(
    paths: Sequence[Path],
    output: Path,
    *,
    root: Path | None = None,
    crop_format: CropFormat = UNKNOWN_112,
    name: str = "train",
    num_shards: int = 16,
    seed: int = 0,
) -> dict[str, str]:
    """Writes the records of all `paths`, which are read twice as a stream, to one new folder.

    Labels are 0, 1, 2 … in the order of the source ids. People are named by the folders of their
    images, or by the source id if there are none. Damaged images are listed in `rejected.csv`.

    Args:
        paths: The files; see `find_files`.
        output: Folder to create.
        root: Folder of the people's folders, for records that contain paths: images are then read
            from `ROOT/FOLDER/FILE`; by default from the path in the record.
        crop_format: Size that the images must have, and their alignment.
        name: First part of the shards' names.
        num_shards: Number of shards.
        seed: Seed of the shuffle.

    Returns:
        A summary: what → how much.

    Raises:
        UserError: If a file is missing, corrupt or of another schema; source ids and folders
            contradict each other; two images have the same name; an image has another size; more
            than 1 % of the images, or all of a person, are damaged; or `output` cannot be written.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    if root is not None and not root.is_dir():
        raise DataError(f"Folder '{root}' does not exist.")
    with new_directory(output) as folder:
        size = crop_format.image_size
        people, rejected, total = _read_people(paths, root, size)
        labels = {source_id: label for label, source_id in enumerate(sorted(people))}
        images = progress_bar(_images(paths, root, size), total=total, unit=" images")
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
            crop_format=crop_format,
            seed=seed,
        )
        if rejected:
            write_rejected(folder / REJECTED_FILE, rejected)
    summary = {"training": f"{manifest.num_images:,} images of {manifest.num_classes:,} people"}
    if rejected:
        summary["rejected"] = f"{len(rejected):,} images, listed in '{output / REJECTED_FILE}'"
    return summary


def find_files(patterns: Sequence[str]) -> list[Path]:
    """Returns the files that match names and patterns such as `ms1m-*.tfrecord`.

    Raises:
        ArgumentError: If a file is matched twice.
        DataError: If a pattern matches no file, or a name is that of a folder, pipe or device.
    """
    files: list[Path] = []
    for pattern in patterns:
        found = [pattern] if os.path.isfile(pattern) else sorted(glob.glob(pattern))
        if os.path.exists(pattern):
            require_regular_file(pattern)
        if not (own := [Path(path) for path in found if os.path.isfile(path)]):
            raise DataError(f"No file matches '{pattern}'.")
        files.extend(own)
    seen: dict[Path, Path] = {}
    for path in files:
        if (other := seen.setdefault(path.resolve(), path)) is not path:
            raise ArgumentError(f"File '{path}' is given twice, once as '{other}'.")
    return files


class _Image(NamedTuple):
    """The content of a record; `fault` is why the image cannot be used, or None."""

    source_id: int
    person: str
    name: str
    encoded: bytes
    fault: str | None


def _read_people(
    paths: Sequence[Path], root: Path | None, image_size: tuple[int, int]
) -> tuple[dict[int, str], list[Rejected], int]:
    """Returns source id → person, the damaged images, and the number of records."""
    people: dict[int, str] = {}
    ids: dict[str, int] = {}
    usable: set[int] = set()
    rejected: list[Rejected] = []
    digests = array.array("Q")  # The names themselves would take 100 bytes each.
    for image in progress_bar(_images(paths, root, image_size), unit=" records read"):
        folder = people.setdefault(image.source_id, image.person)
        if folder != image.person:
            raise DataError(
                f"Source id {image.source_id} occurs with two folders, '{folder}' and "
                f"'{image.person}' (of '{image.name}')."
            )
        source_id = ids.setdefault(image.person, image.source_id)
        if source_id != image.source_id:
            raise DataError(
                f"Folder '{image.person}' has two source ids, {source_id} and {image.source_id} "
                f"(of '{image.name}'). If these are several data sets, import each separately, "
                "then combine them with `facerec merge-records`."
            )
        digest = hashlib.blake2b(image.name.encode(), digest_size=8).digest()
        digests.append(int.from_bytes(digest, "little"))
        if image.fault:
            rejected.append(Rejected(image.name, image.fault))
        else:
            usable.add(image.source_id)
        if len(digests) == SAMPLE and not usable:  # Probably a wrong `root`.
            break
    require_few_rejected(rejected, len(digests))
    if lost := sorted(people.keys() - usable):
        raise DataError(
            f"All images of '{people[lost[0]]}' and of {len(lost) - 1} other people are damaged."
        )
    if (twice := _find_repeated(np.array(digests, np.uint64))) is not None:
        image = next(itertools.islice(_images(paths, root, image_size), twice, None))
        raise DataError(f"Two images have the name '{image.name}': remove data sets given twice.")
    return people, rejected, len(digests)


def _find_repeated(digests: np.ndarray) -> int | None:
    """Returns the index of a digest that occurs before it, or None."""
    order = np.argsort(digests, kind="stable")
    repeated = np.flatnonzero(digests[order[1:]] == digests[order[:-1]])
    return int(order[repeated[0] + 1]) if len(repeated) else None


def _images(
    paths: Sequence[Path], root: Path | None, image_size: tuple[int, int]
) -> Iterator[_Image]:
    """Yields all images; those that are damaged have a `fault`.

    Raises:
        DataError: If a record is corrupt or of another schema, or an image has another size.
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
    require_frames(path)
    records = tf.data.TFRecordDataset(os.fspath(path))
    index = 0
    try:
        # Reading them one by one takes TensorFlow ten times as long.
        for batch in records.batch(_READ_AT_ONCE).as_numpy_iterator():
            yield from batch
            index += len(batch)
    except tf.errors.DataLossError:
        raise DataError(
            f"'{path}' is damaged or incomplete between its records {index} and "
            f"{index + _READ_AT_ONCE}, or not a TFRecord file."
        ) from None
    except tf.errors.OpError as error:
        raise DataError(f"Cannot read '{path}': {error.message}") from None
    if not index:
        raise DataError(f"'{path}' contains no records.")


def _parse(serialized: bytes, where: str, root: Path | None) -> _Image:
    try:
        features = tf.train.Example.FromString(serialized).features.feature
    except DecodeError:
        raise DataError(f"{where} is not a tf.train.Example.") from None
    source_id = _value(features, SOURCE_ID, "int64_list", where)
    is_path = ENCODED not in features and IMG_PATH in features
    raw = _value(features, IMG_PATH if is_path else FILENAME, "bytes_list", where)
    try:
        given = raw.decode()
    except UnicodeDecodeError:
        raise DataError(f"{where} has an image name that is not valid UTF-8: {raw!r}.") from None
    # The converters write the separator of their system; this class accepts both.
    found = PureWindowsPath(given)
    folder = "" if found.parent.name == ".." else found.parent.name
    person = folder or str(source_id)
    if found.name in ("", ".."):
        raise DataError(f"{where} has the image name '{given}', expected FOLDER/FILE.")
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


def _value(features: Mapping[str, tf.train.Feature], name: str, kind: str, where: str) -> Any:
    """Returns the only value of a feature; raises `DataError` if there is not exactly one."""
    if name in features:
        values = getattr(features[name], kind).value
        if len(values) == 1:
            return values[0]
        found = f"{name} has {len(values)} values of {kind}"
    else:
        found = f"{name} is missing; found: {', '.join(sorted(features)) or 'nothing'}"
    raise DataError(
        f"{where} is not in the format of arcface-tf2, which is {SOURCE_ID} (int64) and either "
        f"{FILENAME} and {ENCODED} or {IMG_PATH} (bytes): {found}."
    )
