"""The records that are cleaned, one by one or with their pixels."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.data import Manifest, Record
from facerec_tf.data.checks import check_label
from facerec_tf.data.images import decode_any, image_fault
from facerec_tf.data.records import read_shard, shard_paths
from facerec_tf.experiment import RunFolder
from facerec_tf.experiment.encoder import BATCH

#: Images that are decoded ahead.
_CHUNK = 1024

#: Seconds between two lines that say how far the work is.
_TELL_EVERY = 30.0


class Source(NamedTuple):
    """The records that are cleaned.

    Attributes:
        directory: Their folder.
        manifest: Its manifest.
        classes: int64 `[identities]`: the class of the head that each is, -1 if it is none.
    """

    directory: Path
    manifest: Manifest
    classes: np.ndarray


class Image(NamedTuple):
    """One record, and its pixels, uint8 `[height, width, 3]`, or why there are none."""

    record: Record
    pixels: np.ndarray | None
    fault: str | None


def open_source(data: str | None, workdir: str | None, min_images: int | None) -> Source:
    """Returns the records, and which of their identities the recognizer was trained on.

    Raises:
        DataError: If the records are of other identities than the run's.
    """
    if workdir is None:
        manifest = Manifest.load(data)
        selection = manifest.select(1 if min_images is None else min_images)
        return Source(Path(data), manifest, selection.labels)
    folder = RunFolder(workdir)
    directory, trained = Path(data or folder.records()), folder.manifest()
    manifest = Manifest.load(directory)
    both = itertools.zip_longest(manifest.classes, trained.classes)
    for label, (here, there) in enumerate(both):
        if here is None or there is None or here.name != there.name:
            here, there = (f"'{entry.name}'" if entry else "no one" for entry in (here, there))
            raise DataError(
                f"Records '{directory}' are not of the identities that run '{workdir}' was trained "
                f"on: label {label} is {here} in the records, and {there} in the run."
            )
    return Source(directory, manifest, trained.select(folder.config().data.min_images).labels)


def read_records(source: Source) -> Iterator[tuple[str, Record]]:
    """Yields every record, in the order of the data, after the path of its shard.

    Raises:
        DataError: If one cannot be read, or is not labelled as the manifest says.
    """
    manifest = source.manifest
    for path in shard_paths(source.directory, [shard.file for shard in manifest.shards]):
        for record in read_shard(path):
            check_label(record, manifest, path)
            yield path, record


def read_images(source: Source, wanted: np.ndarray | None = None) -> Iterator[Image]:
    """Yields all records with their pixels, or those at which `wanted`, bool `[n]`, is true.

    Raises:
        DataError: As `read_records`, and if an image has another size.
    """

    def decode(item: tuple[str, Record]) -> Image:
        path, record = item
        if fault := image_fault(record, source.manifest, path):
            return Image(record, None, fault)
        return Image(record, decode_any(record.encoded).numpy(), None)

    items = read_records(source)
    if wanted is not None:
        items = itertools.compress(items, wanted)
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        while chunk := list(itertools.islice(items, _CHUNK)):
            yield from pool.map(decode, chunk)


def batches(
    images: Iterable[Image], source: Source, verb: str, total: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the classes and the pixels of some images at a time; says now and then how many."""
    images, done, told = iter(images), 0, time.monotonic()
    while batch := list(itertools.islice(images, BATCH)):
        yield (
            source.classes[[image.record.label for image in batch]],
            np.stack([image.pixels for image in batch]),
        )
        done += len(batch)
        if time.monotonic() - told > _TELL_EVERY:
            told = time.monotonic()
            print(f"{verb} {done:,} of {total:,} images", flush=True)
