"""A folder of records that is read to make other records or a report."""

from __future__ import annotations

import itertools
import reprlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.data import Manifest, Record
from facerec_tf.data.reading import Image, read_images, read_records


class RecordFolder(NamedTuple):
    """A folder of records, or of a pair set, and its manifest."""

    directory: Path
    manifest: Manifest

    @classmethod
    def open(cls, directory: Path) -> RecordFolder:
        """Reads the manifest, and compares the shards' sizes with it.

        Digests are not compared: reading the records verifies the checksum of each.

        Raises:
            DataError: If a file is missing or has another size, two identities have the same name,
                or an identity has no images.
        """
        manifest = Manifest.load(directory)
        manifest.verify(directory, digests=False)
        seen: set[str] = set()
        for entry in manifest.classes:
            if entry.name in seen:
                raise DataError(
                    f"Records '{directory}' have two identities named {reprlib.repr(entry.name)}."
                )
            if not entry.images:
                raise DataError(
                    f"Identity {reprlib.repr(entry.name)} of records '{directory}' has no images."
                )
            seen.add(entry.name)
        return cls(directory, manifest)

    def records(self, wanted: np.ndarray | None = None) -> Iterator[Record]:
        """Yields the records, in the order of the data.

        Args:
            wanted: bool `[n]`: which of the records to yield; None yields all.

        Raises:
            DataError: If a record cannot be read, or its label does not match the manifest.
        """
        return (record for _, record in self._items(wanted))

    def images(self, wanted: np.ndarray | None = None) -> Iterator[Image]:
        """Yields the records with their pixels, in the order of the data.

        Args:
            wanted: bool `[n]`: which of the records to yield; None yields all.

        Raises:
            DataError: As `records`, and if an image has another size than the manifest says.
        """
        return read_images(self._items(wanted), self.manifest)

    def _items(self, wanted: np.ndarray | None) -> Iterator[tuple[str, Record]]:
        items = read_records(self.directory, self.manifest)
        return items if wanted is None else itertools.compress(items, wanted)
