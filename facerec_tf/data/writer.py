"""Writes shuffled shards of records and their manifest; on errors, nothing is left behind."""

from __future__ import annotations

import array
import contextlib
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError, UserError, require_count
from facerec_tf.core.files import atomic_directory, require_writable, sha256
from facerec_tf.data.class_list import ClassList
from facerec_tf.data.crop_format import UNKNOWN_112, CropFormat
from facerec_tf.data.image_hashes import ImageHashes, content_hash
from facerec_tf.data.manifest import Manifest, Shard
from facerec_tf.data.name_source import UNKNOWN_NAMES, NameSource
from facerec_tf.data.records import Record, serialize, shard_name

#: Length in bytes, before each record in a scattered file.
_LENGTH = struct.Struct("<Q")

#: Labels above are taken for mistakes: lists by label would fill the memory.
_MOST_CLASSES = 100_000_000


def write_records(
    directory: str | os.PathLike,
    records: Iterable[Record],
    *,
    name: str = "train",
    num_shards: int = 16,
    crop_format: CropFormat = UNKNOWN_112,
    names: NameSource = UNKNOWN_NAMES,
    seed: int = 0,
) -> Manifest:
    """Writes `records` and their manifest to a new folder, shuffled.

    Each record is assigned to a random shard, then every shard is shuffled. So `records` may be a
    stream sorted by identity: only one shard is held in memory, and every part of a shard is a
    random sample of the identities.

    Args:
        directory: Folder to create; it may exist if it is empty.
        records: The records, with labels 0 … classes - 1, each of one text.
        name: First part of the shards' names.
        num_shards: Number of shards; fewer are written if there are fewer records.
        crop_format: Size and alignment of every image, for the manifest.
        names: Meaning of the identities' names, for the manifest.
        seed: Seed of the shuffle.

    Returns:
        The manifest that was written.

    Raises:
        ArgumentError: If `num_shards` or `seed` is out of its range.
        UserError: If the folder is not empty or cannot be written.
        DataError: If there are no records, or their labels are inconsistent.
    """
    require_count("num_shards", num_shards)
    require_count("seed", seed, least=0)
    generator = np.random.default_rng(seed)
    with new_directory(directory) as folder:
        hashes = ImageHashes()
        classes, counts = _scatter(folder, _hashed(records, hashes), num_shards, generator)
        filled = [index for index, count in enumerate(counts) if count]
        shards = []
        for position, index in enumerate(filled):
            path = folder / shard_name(name, position, len(filled))
            _shuffle_shard(_scattered(folder, index), path, generator)
            shards.append(Shard(path.name, counts[index], path.stat().st_size, sha256(path)))
            _scattered(folder, index).unlink()
        for index in set(range(num_shards)).difference(filled):
            _scattered(folder, index).unlink()
        manifest = Manifest(name, crop_format, classes, tuple(shards), names, hashes.save(folder))
        manifest.save(folder)
    return manifest


@contextlib.contextmanager
def new_directory(directory: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary folder that becomes `directory` when the block ends without an error.

    Raises:
        UserError: If `directory` is not empty, or writing fails (permission, full disk).
    """
    directory = Path(directory)
    try:
        if directory.is_dir() and any(directory.iterdir()):
            raise UserError(f"Folder '{directory}' is not empty: remove it or choose another.")
        require_writable(directory)
        with atomic_directory(directory) as folder:
            yield folder
    except OSError as error:
        reason = error.strerror or error
        place = "" if _is_inside(error.filename, directory) else f": '{error.filename}'"
        raise UserError(f"Cannot write '{directory}': {reason}{place}.") from error
    except tf.errors.OpError as error:
        raise UserError(f"Cannot write '{directory}': {error.message}") from error


def _is_inside(filename: str | None, directory: Path) -> bool:
    """Returns whether an error is of no file, the output, or its temporary folder."""
    if filename is None:
        return True
    path, output = os.path.abspath(filename), os.path.abspath(directory)
    return path == output or path.startswith(
        os.path.join(os.path.dirname(output), f".{directory.name}-")
    )


def _hashed(records: Iterable[Record], hashes: ImageHashes) -> Iterator[Record]:
    """Yields the records, and adds the hash of each image to `hashes`."""
    for record in records:
        yield record
        # After `_count` has checked the label.
        hashes.add(record.label, content_hash(record.encoded))


def _scatter(
    folder: Path, records: Iterable[Record], num_shards: int, generator: np.random.Generator
) -> tuple[ClassList, list[int]]:
    """Writes each record to a random shard; returns the classes and the records per shard."""
    names: list[str | None] = []
    images = array.array("q")
    counts = [0] * num_shards
    with contextlib.ExitStack() as stack:
        files = [
            stack.enter_context(_scattered(folder, index).open("wb")) for index in range(num_shards)
        ]
        for record, index in zip(records, _balanced(num_shards, generator), strict=False):
            _count(record, names, images)
            counts[index] += 1
            serialized = _serialize(record)
            files[index].write(_LENGTH.pack(len(serialized)))
            files[index].write(serialized)
    if not names:
        raise DataError("There are no images to write.")
    if 0 in images:
        raise DataError(f"Labels must be 0 to {len(names) - 1} without a gap.")
    return ClassList(zip(map(str, names), images, strict=True)), counts


def _serialize(record: Record) -> bytes:
    try:
        return serialize(record)
    except UnicodeEncodeError:
        raise DataError(
            f"Image {record.filename!r} of {record.text!r} has a name that is not valid UTF-8."
        ) from None


def _count(record: Record, names: list[str | None], images: array.array) -> None:
    """Adds a record to the name and the number of images of its label."""
    label = record.label
    if not 0 <= label < _MOST_CLASSES:
        raise DataError(
            f"Image '{record.filename}' has label {label}, expected 0 to {_MOST_CLASSES - 1}."
        )
    if (missing := label + 1 - len(names)) > 0:
        names.extend([None] * missing)
        images.extend([0] * missing)
    if names[label] is None:
        names[label] = record.text
    elif names[label] != record.text:
        raise DataError(
            f"Label {label} of '{record.filename}' has two identities: '{names[label]}' and "
            f"'{record.text}'."
        )
    images[label] += 1


def _balanced(num_shards: int, generator: np.random.Generator) -> Iterator[int]:
    """Yields an endless stream of random shard numbers, each once in every `num_shards`."""
    while True:
        yield from generator.permutation(num_shards).tolist()


def _shuffle_shard(source: Path, target: Path, generator: np.random.Generator) -> None:
    content = memoryview(source.read_bytes())
    records, place = [], 0
    while place < len(content):
        (length,) = _LENGTH.unpack_from(content, place)
        place += _LENGTH.size + length
        records.append(content[place - length : place])
    with tf.io.TFRecordWriter(os.fspath(target)) as writer:
        for index in generator.permutation(len(records)).tolist():
            writer.write(bytes(records[index]))


def _scattered(folder: Path, index: int) -> Path:
    return folder / f".scattered-{index:05d}"
