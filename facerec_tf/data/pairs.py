"""Pair sets: records of unique images, and a list of which two, or two templates, to compare."""

from __future__ import annotations

import collections
import csv
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.data import templates as template_files
from facerec_tf.data.images import decode, decode_any, image_fault
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import Record, parse, read_shard, shard_paths
from facerec_tf.data.writer import new_directory, write_records

FILE_NAME = "pairs.csv"
HEADER = ("fold", "first", "second", "same")


class Pair(NamedTuple):
    """Two images, or two templates, to compare.

    Attributes:
        fold: Part of the cross-validation, from 0.
        first: `filename` of one record, or the name of one template.
        second: That of the other.
        same: Whether both show the same person.
    """

    fold: int
    first: str
    second: str
    same: bool


class PairSet:
    """Images and the pairs among them, as an evaluation protocol compares them.

    What is compared are templates: several images of one person, as those of a video, or, where
    the folder has no `templates.csv`, every image by itself.

    Attributes:
        directory: The folder, a `pathlib.Path`.
        manifest: Its manifest.
        filenames: Name of each image, in the order of `images`.
        templates: int64 `[images]`, the template each belongs to; 0, 1, 2 … if each is one.
        first: int64 `[pairs]`, one template.
        second: int64 `[pairs]`, the other.
        same: bool `[pairs]`, whether both show the same person.
        folds: int64 `[pairs]`, part of the cross-validation, from 0.
    """

    def __init__(
        self,
        directory: Path,
        manifest: Manifest,
        filenames: Sequence[str],
        pairs: Sequence[Pair],
        templates: Mapping[str, str] | None = None,
    ) -> None:
        """Numbers templates in the order of their first images; `load` is the usual way.

        Args:
            directory: The folder.
            manifest: Its manifest.
            filenames: Names of the images.
            pairs: What to compare, by name.
            templates: Image → template; by default, every image is one of its own name.
        """
        self.directory = directory
        self.manifest = manifest
        self.filenames = tuple(filenames)
        names = self.filenames if templates is None else [templates[f] for f in self.filenames]
        places = {name: place for place, name in enumerate(dict.fromkeys(names))}
        self.templates = np.array([places[name] for name in names], np.int64)
        self.first = np.array([places[pair.first] for pair in pairs], np.int64)
        self.second = np.array([places[pair.second] for pair in pairs], np.int64)
        self.same = np.array([pair.same for pair in pairs], bool)
        self.folds = np.array([pair.fold for pair in pairs], np.int64)

    @classmethod
    def load(cls, directory: str | os.PathLike) -> PairSet:
        """Reads the pair set in `directory`.

        Raises:
            DataError: If a file is missing or damaged, an image cannot be decoded or has the wrong
                size, pairs or templates name unknown images, or an image is in no template. A
                number that is reported must not rest on fewer pairs than its protocol has, so
                nothing is skipped.
        """
        directory = Path(directory)
        manifest = Manifest.load(directory)
        manifest.verify(directory)
        pairs = _read_pairs(directory / FILE_NAME)
        _check_protocol(pairs, directory)
        listed = directory / template_files.FILE_NAME
        templates = template_files.read_templates(listed) if listed.is_file() else None
        filenames = []
        for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
            for record in read_shard(path):
                if fault := image_fault(record, manifest, path):
                    raise DataError(fault)
                filenames.append(record.filename)
        _check_names(pairs, filenames, templates, directory)
        return cls(directory, manifest, filenames, pairs, templates)

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

    def pictures(self, templates: np.ndarray) -> np.ndarray:
        """Returns one image of each of `templates`, int `[n]`: uint8 `[n, height, width, 3]`.

        It is the first of them that is stored; no other images are decoded.
        """
        _, first = np.unique(self.templates, return_index=True)
        shown = first[templates].tolist()
        paths = shard_paths(self.directory, [shard.file for shard in self.manifest.shards])
        records = itertools.chain.from_iterable(map(read_shard, paths))
        wanted, decoded = set(shown), {}
        for place, record in zip(range(max(shown) + 1), records, strict=False):
            if place in wanted:
                decoded[place] = decode_any(record.encoded).numpy()
        return np.stack([decoded[place] for place in shown])


def write_pair_set(
    directory: str | os.PathLike,
    records: Iterable[Record],
    pairs: Sequence[Pair],
    *,
    name: str,
    templates: Mapping[str, str] | None = None,
    num_shards: int = 1,
    image_size: tuple[int, int] = (112, 112),
    alignment: str = "unknown",
) -> None:
    """Writes a pair set to a new folder: shards, manifest, `pairs.csv` and maybe `templates.csv`.

    Args:
        directory: Folder to make; it may exist if it is empty.
        records: The images, each once, of unique file names; a stream, of which memory holds the
            names and one shard.
        pairs: What to compare, naming images by file name, or templates.
        name: Of the protocol; first part of the shards' names.
        templates: Image's file name → its template, of every image, if templates are compared. It
            may be filled while `records` are read.
        num_shards: Files to spread the images over.
        image_size: Height and width of every image.
        alignment: Name of the crops' landmark template.

    Raises:
        UserError: If the folder is not empty or cannot be written.
        DataError: If pairs or templates name unknown images, images share a name, or an image is in
            no template.
    """
    directory = Path(directory)
    _check_protocol(pairs, directory)
    filenames: list[str] = []

    def noted() -> Iterator[Record]:
        for record in records:
            filenames.append(record.filename)
            yield record

    with new_directory(directory) as folder:
        write_records(
            folder,
            noted(),
            name=name,
            num_shards=num_shards,
            image_size=image_size,
            alignment=alignment,
        )
        _check_names(pairs, filenames, templates, directory)
        if templates is not None:
            template_files.write_templates(folder / template_files.FILE_NAME, templates)
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


def _check_names(
    pairs: Sequence[Pair],
    filenames: Sequence[str],
    templates: Mapping[str, str] | None,
    directory: Path,
) -> None:
    known = set(filenames)
    if len(known) < len(filenames):
        twice, _ = collections.Counter(filenames).most_common(1)[0]
        raise DataError(f"Pair set '{directory}' holds image '{twice}' twice.")
    kind = "image"
    if templates is not None:
        template_files.check_templates(templates, known, directory)
        known, kind = set(templates.values()), "template"
    for pair in pairs:
        for name in (pair.first, pair.second):
            if name not in known:
                raise DataError(f"Pair set '{directory}' compares unknown {kind} '{name}'.")


def _check_protocol(pairs: Sequence[Pair], directory: Path) -> None:
    if len({pair.same for pair in pairs}) < 2:
        raise DataError(f"Pair set '{directory}' needs pairs of the same and of different people.")
    folds = {pair.fold for pair in pairs}
    if len(folds) < 2:
        raise DataError(f"Pair set '{directory}' needs two folds or more, to judge each by others.")
    if folds != set(range(len(folds))):
        raise DataError(f"Pair set '{directory}' has folds {sorted(folds)}, not 0, 1, 2 ….")
