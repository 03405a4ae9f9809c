"""Pair sets: records of unique images, and a list of which two to compare."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.data.images import decode, image_fault
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import Record, parse, read_shard, shard_paths
from facerec_tf.data.writer import new_directory, write_records

FILE_NAME = "pairs.csv"
HEADER = ("fold", "first", "second", "same")


class Pair(NamedTuple):
    """Two images to compare.

    Attributes:
        fold: Part of the cross-validation, from 0.
        first: `filename` of one record.
        second: `filename` of the other.
        same: Whether both show the same person.
    """

    fold: int
    first: str
    second: str
    same: bool


class PairSet:
    """Images and the pairs among them, as an evaluation protocol compares them.

    Attributes:
        directory: The folder, a `pathlib.Path`.
        manifest: Its manifest.
        filenames: Name of each image, in the order of `images`.
        first: int64 `[pairs]`, index of one image.
        second: int64 `[pairs]`, index of the other.
        same: bool `[pairs]`, whether both show the same person.
        folds: int64 `[pairs]`, part of the cross-validation, from 0.
    """

    def __init__(
        self, directory: Path, manifest: Manifest, filenames: Sequence[str], pairs: Sequence[Pair]
    ) -> None:
        """Indexes `pairs` by the place of their images in `filenames`; `load` is the usual way."""
        self.directory = directory
        self.manifest = manifest
        self.filenames = tuple(filenames)
        places = {filename: place for place, filename in enumerate(self.filenames)}
        self.first = np.array([places[pair.first] for pair in pairs], np.int64)
        self.second = np.array([places[pair.second] for pair in pairs], np.int64)
        self.same = np.array([pair.same for pair in pairs], bool)
        self.folds = np.array([pair.fold for pair in pairs], np.int64)

    @classmethod
    def load(cls, directory: str | os.PathLike) -> PairSet:
        """Reads the pair set in `directory`.

        Raises:
            DataError: If a file is missing or damaged, an image cannot be decoded or has the wrong
                size, or the pairs name unknown images. A number that is reported must not rest on
                fewer pairs than its protocol has, so nothing is skipped.
        """
        directory = Path(directory)
        manifest = Manifest.load(directory)
        manifest.verify(directory)
        pairs = _read_pairs(directory / FILE_NAME)
        filenames = []
        for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
            for record in read_shard(path):
                if fault := image_fault(record, manifest, path):
                    raise DataError(fault)
                filenames.append(record.filename)
        _check(pairs, filenames, directory)
        return cls(directory, manifest, filenames, pairs)

    def require_size(self, image_size: tuple[int, int]) -> None:
        """Raises `DataError` unless the images are of `image_size`, height and width."""
        if self.manifest.image_size != image_size:
            found, wanted = (
                "×".join(map(str, size)) for size in (self.manifest.image_size, image_size)
            )
            raise DataError(
                f"Images of '{self.directory}' are {found} pixels, but the model takes {wanted}."
            )

    @property
    def num_images(self) -> int:
        """Images, each of which is embedded once."""
        return len(self.filenames)

    def __len__(self) -> int:
        """Returns the number of pairs."""
        return len(self.same)

    def images(self, batch_size: int) -> tf.data.Dataset:
        """Returns the images in order, uint8 `[batch, height, width, 3]`, the last batch smaller.

        Raises:
            ArgumentError: If `batch_size` is no positive integer.
        """
        require_count("batch_size", batch_size)
        size = self.manifest.image_size

        def read(serialized: tf.Tensor) -> tf.Tensor:
            record = parse(serialized)
            return decode(record["encoded"], record["filename"], size)

        paths = shard_paths(self.directory, [shard.file for shard in self.manifest.shards])
        dataset = tf.data.TFRecordDataset(paths).map(
            read, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
        )
        return dataset.batch(batch_size).prefetch(2)


def write_pair_set(
    directory: str | os.PathLike,
    records: Iterable[Record],
    pairs: Sequence[Pair],
    *,
    name: str,
    image_size: tuple[int, int] = (112, 112),
    alignment: str = "unknown",
) -> None:
    """Writes a pair set to a new folder: one shard, its manifest and `pairs.csv`.

    Args:
        directory: Folder to make; it may exist if it is empty.
        records: The images, each once, of unique file names.
        pairs: What to compare, naming images by file name.
        name: Of the protocol; first part of the shard's name.
        image_size: Height and width of every image.
        alignment: Name of the crops' landmark template.

    Raises:
        UserError: If the folder is not empty or cannot be written.
        DataError: If pairs name unknown images, or images share a name.
    """
    records = list(records)
    _check(pairs, [record.filename for record in records], Path(directory))
    with new_directory(directory) as folder:
        write_records(
            folder, records, name=name, num_shards=1, image_size=image_size, alignment=alignment
        )
        with open(folder / FILE_NAME, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows((p.fold, p.first, p.second, int(p.same)) for p in pairs)


def find_pairs(directory: str | os.PathLike, protocol: str) -> Path:
    """Returns the folder of the pair set for `protocol`.

    That is `directory/pairs/<protocol>`; for "pairs", `directory` itself if it holds a
    `pairs.csv`, or else the only folder in `directory/pairs`.

    Raises:
        DataError: If there is none; lists what there is.
    """
    directory = Path(directory)
    sets = sorted(path.parent for path in (directory / "pairs").glob(f"*/{FILE_NAME}"))
    for path in sets:
        if path.name == protocol:
            return path
    if protocol == "pairs":
        if (directory / FILE_NAME).is_file():
            return directory
        if len(sets) == 1:
            return sets[0]
    known = ", ".join(path.name for path in sets) or "none"
    raise DataError(
        f"Folder '{directory}' holds no pairs for protocol '{protocol}'. Pair sets there: {known}."
    )


def _read_pairs(path: Path) -> list[Pair]:
    try:
        with open(path, newline="", encoding="utf-8") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise DataError(f"Cannot read '{path}': {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{path}' is no CSV file in UTF-8: {error}.") from None
    if not rows or tuple(rows[0]) != HEADER:
        raise DataError(f"'{path}' must begin with the header {','.join(HEADER)}.")
    return [_parse_pair(row, path, line) for line, row in enumerate(rows[1:], start=2)]


def _parse_pair(row: list[str], path: Path, line: int) -> Pair:
    try:
        fold, first, second, same = row
        return Pair(int(fold), first, second, {"0": False, "1": True}[same])
    except (ValueError, KeyError):
        raise DataError(
            f"Line {line} of '{path}' must be fold (an integer), first, second, same (0 or 1). "
            f"Found: {','.join(row)}"
        ) from None


def _check(pairs: Sequence[Pair], filenames: Sequence[str], directory: Path) -> None:
    known = set(filenames)
    if len(known) < len(filenames):
        twice = next(name for place, name in enumerate(filenames) if name in filenames[:place])
        raise DataError(f"Pair set '{directory}' holds image '{twice}' twice.")
    for pair in pairs:
        for filename in (pair.first, pair.second):
            if filename not in known:
                raise DataError(f"Pair set '{directory}' compares unknown image '{filename}'.")
    if len({pair.same for pair in pairs}) < 2:
        raise DataError(f"Pair set '{directory}' needs pairs of the same and of different people.")
    folds = {pair.fold for pair in pairs}
    if len(folds) < 2:
        raise DataError(f"Pair set '{directory}' needs two folds or more, to judge each by others.")
    if folds != set(range(len(folds))):
        raise DataError(f"Pair set '{directory}' has folds {sorted(folds)}, not 0, 1, 2 ….")
