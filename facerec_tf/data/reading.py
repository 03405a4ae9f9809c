"""All records of a folder as a stream, checked against its manifest, with or without pixels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from facerec_tf.core.parallel import ordered_map
from facerec_tf.data.checks import check_label
from facerec_tf.data.images import decode_any, image_fault
from facerec_tf.data.manifest import Manifest
from facerec_tf.data.records import Record, read_shard, shard_paths


class Image(NamedTuple):
    """One record, and its pixels, uint8 `[height, width, 3]`, or why there are none."""

    record: Record
    pixels: np.ndarray | None
    fault: str | None


def read_records(directory: str | os.PathLike, manifest: Manifest) -> Iterator[tuple[str, Record]]:
    """Yields every record in `directory`, in order, after the path of its shard.

    Raises:
        DataError: If one cannot be read, or is not labelled as `manifest` says.
    """
    for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
        for record in read_shard(path):
            check_label(record, manifest, path)
            yield path, record


def read_images(items: Iterable[tuple[str, Record]], manifest: Manifest) -> Iterator[Image]:
    """Yields `items`, as from `read_records`, with their pixels; several threads decode them.

    Raises:
        DataError: If an image is of another size than `manifest` says.
    """

    def decode(item: tuple[str, Record]) -> Image:
        path, record = item
        if fault := image_fault(record, manifest, path):
            return Image(record, None, fault)
        return Image(record, decode_any(record.encoded).numpy(), None)

    return ordered_map(decode, items)
