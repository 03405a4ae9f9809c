"""The identities of a data set by label, stored in a few bytes each."""

from __future__ import annotations

import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

import numpy as np


class ClassEntry(NamedTuple):
    """An identity: its name and its number of images. Its label is its index in the list."""

    name: str
    images: int


class ClassList(Sequence[ClassEntry]):
    """A list of `ClassEntry` that takes 16 bytes per identity, and its name in UTF-8.

    A million `ClassEntry` objects would take 150 MB.

    Args:
        entries: Names and numbers of images, by label.
    """

    def __init__(self, entries: Iterable[tuple[str, int]] = ()) -> None:
        self._names = bytearray()
        self._ends = array.array("Q", [0])
        self._images = array.array("q")
        for name, images in entries:
            self.append(name, images)

    def append(self, name: str, images: int) -> None:
        """Adds an identity; its label is the length of the list before."""
        self._names += name.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._names))
        self._images.append(images)

    @property
    def images(self) -> np.ndarray:
        """Number of images of each identity, int64 `[identities]`."""
        return np.array(self._images, np.int64)

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, label: int) -> ClassEntry: ...

    @overload
    def __getitem__(self, label: slice) -> list[ClassEntry]: ...

    def __getitem__(self, label: int | slice) -> ClassEntry | list[ClassEntry]:
        if isinstance(label, slice):
            return [self[i] for i in range(*label.indices(len(self)))]
        place = range(len(self))[label]
        name = self._names[self._ends[place] : self._ends[place + 1]]
        return ClassEntry(name.decode("utf-8", "surrogatepass"), self._images[place])

    def __iter__(self) -> Iterator[ClassEntry]:
        return (self[label] for label in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassList):
            return NotImplemented
        mine, theirs = ((o._images, o._ends, o._names) for o in (self, other))
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]  # How Python marks unhashable types.

    def __repr__(self) -> str:
        return f"ClassList({list(self)})"
