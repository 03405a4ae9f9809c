"""Pair sets: records of unique images, and a list of pairs of images or templates to compare."""

from __future__ import annotations

import collections
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from facerec_tf.core.csv_writer import CsvWriter
from facerec_tf.core.errors import DataError, require_count
from facerec_tf.core.files import read_csv
from facerec_tf.data import templates as template_files
from facerec_tf.data.crop_format import UNKNOWN_112, CropFormat
from facerec_tf.data.images import decode, decode_any, image_fault
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.name_source import UNKNOWN_NAMES, NameSource
from facerec_tf.data.records import Record, parse, read_shard, shard_paths
from facerec_tf.data.writer import new_directory, write_records

FILE_NAME = "pairs.csv"
HEADER = ("fold", "first", "second", "same")


class Pair(NamedTuple):
    """A pair of images or templates to compare.

    Attributes:
        fold: Fold of the cross-validation, from 0.
        first: `filename` of one record, or the name of one template.
        second: The same of the other.
        same: Whether both show the same person.
    """

    fold: int
    first: str
    second: str
    same: bool


class PairSet:
    """The images of a verification protocol, and the pairs to compare.

    Pairs are of templates. A template is several images of one person, such as the frames of a
    video, or a single image if the folder has no `templates.csv`.

    Attributes:
        directory: The folder, a `pathlib.Path`.
        manifest: Its manifest.
        filenames: Name of each image, in the order of `images`.
        templates: int64 `[images]`, the number of the template of each image.
        first: int64 `[pairs]`, the number of one template.
        second: int64 `[pairs]`, that of the other.
        same: bool `[pairs]`, whether both show the same person.
        folds: int64 `[pairs]`, the fold of the cross-validation, from 0.
    """

    def __init__(
        self,
        directory: Path,
        manifest: Manifest,
        filenames: Sequence[str],
        pairs: Sequence[Pair],
        templates: Mapping[str, str] | None = None,
    ) -> None:
        """Numbers the templates in the order of their first images; see also `load`.

        Args:
            directory: The folder.
            manifest: Its manifest.
            filenames: Names of the images.
            pairs: The pairs, by name.
            templates: Image → template; by default, every image is a template of the same name.
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
                size, pairs or templates name unknown images, or an image is in no template.
                Nothing is skipped: results are comparable only if all pairs are used.
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

    @property
    def num_images(self) -> int:
        """Number of images, each of which is embedded once."""
        return len(self.filenames)

    def __len__(self) -> int:
        """Returns the number of pairs."""
        return len(self.same)

    def images(self, batch_size: int) -> tf.data.Dataset:
        """Returns the images in order, uint8 `[batch, height, width, 3]`, the last batch smaller.

        Raises:
            ArgumentError: If `batch_size` is not a positive integer.
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
        """Returns the first image of each template in `templates`, int `[n]`.

        Returns:
            uint8 `[n, height, width, 3]`, RGB.
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
    crop_format: CropFormat = UNKNOWN_112,
    names: NameSource = UNKNOWN_NAMES,
) -> None:
    """Writes a pair set to a new folder: shards, manifest, `pairs.csv` and perhaps `templates.csv`.

    Args:
        directory: Folder to create; it may exist if it is empty.
        records: The images, with unique file names; may be a stream, of which the names and one
            shard are held in memory.
        pairs: The pairs, by file names of images, or by templates.
        name: Name of the protocol, and first part of the shards' names.
        templates: File name → template of every image, if templates are compared. It may be filled
            while `records` are read.
        num_shards: Number of shards.
        crop_format: Size and alignment of every image.
        names: Meaning of the identities' names, for the manifest.

    Raises:
        UserError: If the folder is not empty or cannot be written.
        DataError: If pairs or templates name unknown images, images share a name, or an image is in
            no template.
    """
    directory = Path(directory)
    _check_protocol(pairs, directory)
    filenames: list[str] = []

    def listed() -> Iterator[Record]:
        for record in records:
            filenames.append(record.filename)
            yield record

    with new_directory(directory) as folder:
        write_records(
            folder,
            listed(),
            name=name,
            num_shards=num_shards,
            crop_format=crop_format,
            names=names,
        )
        _check_names(pairs, filenames, templates, directory)
        if templates is not None:
            template_files.write_templates(folder / template_files.FILE_NAME, templates)
        with open(folder / FILE_NAME, "w", newline="", encoding="utf-8") as file:
            writer = CsvWriter(file)
            writer.writerow(HEADER)
            writer.writerows((p.fold, p.first, p.second, int(p.same)) for p in pairs)


def find_pairs(directory: str | os.PathLike, protocol: str) -> Path:
    """Returns the folder of the pair set for `protocol`.

    That is `directory/pairs/<protocol>`; for "pairs", `directory` itself if it contains a
    `pairs.csv`, or else the only folder in `directory/pairs`.

    Raises:
        DataError: If there is none; lists the existing ones.
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
        f"Folder '{directory}' has no pairs for protocol '{protocol}'. Its pair sets: {known}."
    )


def _read_pairs(path: Path) -> list[Pair]:
    rows = read_csv(path, "pair list", HEADER)
    return [_parse_pair(row, path, line) for line, row in rows]


def _parse_pair(row: list[str], path: Path, line: int) -> Pair:
    try:
        fold, first, second, same = row
        return Pair(int(fold), first, second, {"0": False, "1": True}[same])
    except (ValueError, KeyError):
        raise DataError(
            f"Line {line} of pair list '{path}' must be fold (an integer), first, second, same (0 "
            f"or 1). Found: {','.join(row)}"
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
        raise DataError(f"Pair set '{directory}' contains image '{twice}' twice.")
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
        raise DataError(f"Pair set '{directory}' has one fold; cross-validation needs two.")
    if folds != set(range(len(folds))):
        raise DataError(f"Pair set '{directory}' has folds {sorted(folds)}, expected 0, 1, 2 ….")
