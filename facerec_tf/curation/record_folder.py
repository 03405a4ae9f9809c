"""Records that are there already, as the tools that make other records of them take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from facerec_tf.core.errors import DataError
from facerec_tf.data import Manifest, Record
from facerec_tf.data.reading import read_records


class RecordFolder(NamedTuple):
    """A folder of records, or of a pair set, and its manifest."""

    directory: Path
    manifest: Manifest

    @classmethod
    def open(cls, directory: Path) -> RecordFolder:
        """Reads the manifest, and compares the shards' sizes with it.

        Digests are not compared: reading the records verifies the checksum of each.

        Raises:
            DataError: If a file is missing or of another size, two identities have one name, or an
                identity has no images.
        """
        manifest = Manifest.load(directory)
        manifest.verify(directory, digests=False)
        seen: set[str] = set()
        for entry in manifest.classes:
            if entry.name in seen:
                raise DataError(f"Records '{directory}' hold two identities called {entry.name!r}.")
            if not entry.images:
                raise DataError(f"Identity {entry.name!r} of records '{directory}' has no images.")
            seen.add(entry.name)
        return cls(directory, manifest)

    def records(self) -> Iterator[Record]:
        """Yields every record, in the order of the data.

        Raises:
            DataError: If one cannot be read, or is not labelled as the manifest says.
        """
        return (record for _, record in read_records(self.directory, self.manifest))
