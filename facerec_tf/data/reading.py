"""All records of a folder as a stream, checked against the manifest, with or without pixels."""

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
    """A record, and its pixels, uint8 `[height, width, 3]`, or the reason why it has none."""

    record: Record
    pixels: np.ndarray | None
    fault: str | None


def read_records(directory: str | os.PathLike, manifest: Manifest) -> Iterator[tuple[str, Record]]:
    """Yields path of the shard and record of every record in `directory`, in order.

    Raises:
        DataError: If a record cannot be read, or its label does not match `manifest`.
    """
    for path in shard_paths(directory, [shard.file for shard in manifest.shards]):
        for record in read_shard(path):
            check_label(record, manifest, path)
            yield path, record


def read_images(items: Iterable[tuple[str, Record]], manifest: Manifest) -> Iterator[Image]:
    """Decodes the results of `read_records`, in several threads.

    Raises:
        DataError: If an image has another size than `manifest` says.
    """

    def decode(item: tuple[str, Record]) -> Image:
        path, record = item
        if fault := image_fault(record, manifest, path):
            return Image(record, None, fault)
        return Image(record, decode_any(record.encoded).numpy(), None)

    return ordered_map(decode, items)
