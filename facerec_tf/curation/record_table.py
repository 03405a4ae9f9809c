"""A table of all records: 61 bytes each, so that 17 million records take a gigabyte."""

from __future__ import annotations

import array

import numpy as np

from facerec_tf.curation.picture_hash import BYTES
from facerec_tf.curation.record_summary import RecordSummary

_NO_PICTURE = bytes(BYTES)


class RecordTable:
    """Summaries of all records, damaged ones included, in the order of the data.

    Attributes:
        starts: For every shard read, the number of records before it.
    """

    def __init__(self) -> None:
        self.starts: list[int] = []
        self._offsets = array.array("q")
        self._labels = array.array("i")
        self._names = array.array("Q")
        self._fingerprints = array.array("Q")
        self._pictures = bytearray()
        self._sound = array.array("b")

    def __len__(self) -> int:
        """Returns the number of records."""
        return len(self._offsets)

    def begin_shard(self) -> None:
        """Starts the next shard: records that are added afterwards belong to it."""
        self.starts.append(len(self))

    def add(self, summary: RecordSummary) -> None:
        """Adds one record."""
        self._offsets.append(summary.offset)
        self._labels.append(summary.label)
        self._names.append(summary.name)
        self._fingerprints.append(summary.fingerprint)
        self._pictures.extend(_NO_PICTURE if summary.picture is None else bytes(summary.picture))
        self._sound.append(summary.picture is not None)

    def shard(self, place: int) -> tuple[int, int]:
        """The number of the shard of record `place`, and the record's number in it."""
        shard = int(np.searchsorted(self.starts, place, side="right")) - 1
        return shard, place - self.starts[shard]

    def offset(self, place: int) -> int:
        """Position of record `place` in its shard, in bytes."""
        return self._offsets[place]

    @property
    def labels(self) -> np.ndarray:
        """Identities, int32 `[n]`, -1 where unknown. While a column is in use, `add` fails."""
        return np.frombuffer(self._labels, np.int32)

    @property
    def names(self) -> np.ndarray:
        """Hashes of file names, uint64 `[n]`; 0 where unknown."""
        return np.frombuffer(self._names, np.uint64)

    @property
    def fingerprints(self) -> np.ndarray:
        """Hashes of the images' bytes, uint64 `[n]`."""
        return np.frombuffer(self._fingerprints, np.uint64)

    @property
    def pictures(self) -> np.ndarray:
        """Results of `picture_hashes`, uint8 `[n, 32]`."""
        return np.frombuffer(self._pictures, np.uint8).reshape(-1, BYTES)

    @property
    def sound(self) -> np.ndarray:
        """Whether the image could be decoded, bool `[n]`."""
        return np.frombuffer(self._sound, np.bool_)
