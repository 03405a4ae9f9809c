"""Index of the offset of every record in its shard, for random access."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import functools
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.data.manifest import FILE_NAME, Manifest, mismatch
from facerec_tf.data.records import parse_labels, read_shard, shard_paths

#: Bytes around the data of a TFRecord: 12 before it (length, checksum), 4 after it (checksum).
_FRAME, _FOOTER = 16, 4

_PARSED_AT_ONCE = 1024

#: Labels int64 `[records]` and lengths in bytes int64 `[records]` of a shard, in order.
_Scan = tuple[np.ndarray, np.ndarray]


@dataclasses.dataclass(frozen=True)
class RecordIndex:
    """Locations of all records, sorted by label and, within a label, by shard and offset.

    Uses 13 bytes per record, or 14 if there are more than 256 shards.

    Attributes:
        paths: Paths of the shards.
        first: int64 `[classes]`: index of the first record of each label.
        shard: unsigned `[records]`: index in `paths` of the shard of each record.
        offset: int64 `[records]`: offset of the record's data in its shard, in bytes.
        length: uint32 `[records]`: size of the record's data, in bytes.
    """

    paths: tuple[str, ...]
    first: np.ndarray
    shard: np.ndarray
    offset: np.ndarray
    length: np.ndarray

    def read(self, places: np.ndarray) -> np.ndarray:
        """Reads serialized records.

        Checksums are not verified, because `load_index` has verified those of all records.

        Args:
            places: Indices of the records, integer `[n]`, in any order.

        Returns:
            `bytes` objects `[n]`.

        Raises:
            DataError: If a shard was removed or cut short since the index was built.
        """
        records = np.empty(len(places), dtype=object)
        shards, offsets = self.shard[places], self.offset[places].tolist()
        lengths = self.length[places].tolist()
        for shard in set(shards.tolist()):
            path = self.paths[shard]
            try:
                # Opened each time: there may be more shards than a process may keep open.
                file = os.open(path, os.O_RDONLY)
                try:
                    for i in np.flatnonzero(shards == shard).tolist():
                        records[i] = os.pread(file, lengths[i], offsets[i])
                        if len(records[i]) < lengths[i]:
                            raise DataError(f"Shard '{path}' was cut short during the run.")
                finally:
                    os.close(file)
            except OSError as error:
                reason = error.strerror or error
                raise DataError(f"Shard '{path}' was lost during the run: {reason}.") from None
        return records


def load_index(directory: str | os.PathLike) -> RecordIndex:
    """Builds the index of the records in `directory`.

    Reads every shard completely and verifies the checksum of each record. The latest index is
    cached until a file changes.

    Raises:
        DataError: If the manifest or a shard is missing or damaged, or they do not match.
    """
    manifest = Manifest.load(directory)
    files = [FILE_NAME, *(shard.file for shard in manifest.shards)]
    return _load(os.fspath(directory), tuple(_state(Path(directory) / file) for file in files))


@functools.lru_cache(maxsize=1)
def _load(directory: str, state: tuple) -> RecordIndex:
    """Builds the index; `state` is the cache key of the files' content."""
    manifest = Manifest.load(directory)
    paths = shard_paths(directory, [shard.file for shard in manifest.shards])
    # Reading and checksums run in C++, outside Python's global lock.
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as pool:
        return _sort(manifest, paths, pool.map(_scan, paths))


def _sort(manifest: Manifest, paths: list[str], scans: Iterable[_Scan]) -> RecordIndex:
    """Counting sort: the records of a shard take the next free places of their labels."""
    images = np.array([entry.images for entry in manifest.classes], dtype=np.int64)
    ends = np.cumsum(images)
    index = RecordIndex(
        paths=tuple(paths),
        first=ends - images,
        shard=np.empty(manifest.num_images, np.min_scalar_type(max(len(paths) - 1, 0))),
        offset=np.empty(manifest.num_images, np.int64),
        length=np.empty(manifest.num_images, np.uint32),
    )
    free = index.first
    for number, (path, (labels, lengths)) in enumerate(zip(paths, scans, strict=True)):
        _check(labels, path, manifest.shards[number].images, len(images))
        sequence = np.argsort(labels, kind="stable")
        ordered = labels[sequence]
        places = free[ordered] + np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        free = free + np.bincount(labels, minlength=len(images))
        if (full := free > ends).any():
            label = int(np.argmax(full))
            raise DataError(
                f"Shard '{path}' does not match the manifest: with it, label {label} "
                f"('{manifest.classes[label].name}') has more than its {images[label]} images."
            )
        index.shard[places] = number
        index.offset[places] = (np.cumsum(lengths + _FRAME) - lengths - _FOOTER)[sequence]
        index.length[places] = lengths[sequence]
    return index


def _check(labels: np.ndarray, path: str, images: int, num_classes: int) -> None:
    if len(labels) != images:
        raise mismatch(path, f"{images} records", f"{len(labels)}")
    bad = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if len(bad):
        raise DataError(
            f"Record {bad[0]} of '{path}' has label {labels[bad[0]]}, outside the manifest's 0 to "
            f"{num_classes - 1}."
        )


def _scan(path: str) -> _Scan:
    blocks = [(np.zeros(0, np.int64), np.zeros(0, np.int64))]
    try:
        for serialized in tf.data.TFRecordDataset(path).batch(_PARSED_AT_ONCE):
            lengths = tf.strings.length(serialized).numpy()
            blocks.append((parse_labels(serialized).numpy(), lengths))
    except tf.errors.OpError:
        for _ in read_shard(path):
            pass  # To raise the error that names the record.
        raise
    labels, lengths = map(np.concatenate, zip(*blocks, strict=True))
    return labels, lengths


def _state(path: Path) -> tuple[int, ...]:
    """Size, modification time and inode of a file; empty if it does not exist."""
    if not path.exists():
        return ()
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ino
