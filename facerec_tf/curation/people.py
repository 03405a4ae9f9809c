"""People of several data sets: identities are distinct unless a file lists them as one person."""

from __future__ import annotations

import array
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_csv

HEADER = ("dataset", "identity", "person")


class People(NamedTuple):
    """The people of all data sets together.

    Attributes:
        labels: int64 `[identities]`: the person of every identity, data set after data set.
        names: Distinct names of the people, by label.
    """

    labels: np.ndarray
    names: list[str]


def unite(
    identities: Mapping[str, Sequence[str]],
    persons: Mapping[int, str],
    same_names: bool = False,
) -> People:
    """Assigns the identities of several data sets to people.

    People are numbered in the order of their first identities, so the labels of the first data set
    do not change unless two of its identities are one person. A person with several identities has
    the name in `persons`, or the common name. Any other name that more than one person would have
    becomes `DATASET/NAME` for each of them that `persons` does not name.

    Args:
        identities: Data set → names of its identities, by label. Names of data sets contain no "/".
        persons: Position among all identities → person's name; equal names are one person.
        same_names: Whether identities with equal names that are not in `persons` are one person.

    Raises:
        DataError: If `persons` gives a name that `DATASET/NAME` would also give.
    """
    ends = np.cumsum([len(names) for names in identities.values()])
    labels = np.empty(int(ends[-1]), np.int64)
    names: list[str] = []
    first = array.array("q")
    known: dict[str, int] = {}
    for place, name in enumerate(itertools.chain.from_iterable(identities.values())):
        called, label = persons.get(place, name), len(names)
        if same_names or place in persons:
            label = known.setdefault(called, label)
        if label == len(names):
            names.append(called)
            first.append(place)
        labels[place] = label
    del known
    datasets = list(identities)
    fixed = np.fromiter((place in persons for place in first), bool, len(first))
    while (clash := _clashing(names)).any():
        if not (clash & ~fixed).any():
            name = names[int(np.argmax(clash))]
            raise DataError(f"{name!r} would be the name of two people: rename one of them.")
        for label in np.flatnonzero(clash & ~fixed).tolist():
            dataset = datasets[int(np.searchsorted(ends, first[label], side="right"))]
            names[label] = f"{dataset}/{names[label]}"
        fixed |= clash
    return People(labels, names)


def read_persons(path: Path, identities: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """Reads a CSV file that assigns identities to people.

    Its columns are dataset, identity and person. Identities with the same person are one.

    Args:
        path: The file.
        identities: Data set → names of its identities, by label.

    Returns:
        Position among all of `identities` → person, of the identities in the file.

    Raises:
        DataError: If it cannot be read, has another format, names unknown data sets or identities,
            or assigns one identity to two people; the message states the line.
    """
    starts = np.cumsum([0, *(len(names) for names in identities.values())]).tolist()
    places = {
        dataset: dict(zip(names, itertools.count(start)))
        for (dataset, names), start in zip(identities.items(), starts, strict=False)
    }
    persons: dict[int, str] = {}
    for line, (dataset, identity, person) in _read_rows(path):
        position = f"Line {line} of '{path}'"
        if dataset not in places:
            known = ", ".join(f"{name!r}" for name in places)
            raise DataError(f"{position} names data set {dataset!r}, expected one of {known}.")
        if identity not in places[dataset]:
            raise DataError(f"{position}: data set {dataset!r} has no identity {identity!r}.")
        other = persons.setdefault(places[dataset][identity], person)
        if other != person:
            raise DataError(
                f"{position} says that {identity!r} of data set {dataset!r} is {person!r}, and "
                f"another line that it is {other!r}."
            )
    return persons


def _clashing(names: Sequence[str]) -> np.ndarray:
    """Whether each name occurs more than once, bool `[n]`."""
    # Only names with equal hashes are compared: a dictionary of a million names takes 100 MB.
    hashes = np.fromiter(map(hash, names), np.int64, len(names))
    ordered = np.sort(hashes)
    repeated = ordered[1:][ordered[1:] == ordered[:-1]]
    clashing = np.zeros(len(names), bool)
    seen: dict[str, int] = {}
    for place in np.flatnonzero(np.isin(hashes, repeated)).tolist():
        if (other := seen.setdefault(names[place], place)) != place:
            clashing[[place, other]] = True
    return clashing


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    rows = [(line, row) for line, row in read_csv(path, "list of people", HEADER, bom=True) if row]
    for line, row in rows:
        if len(row) != len(HEADER) or not row[-1]:
            raise DataError(
                f"Line {line} of '{path}' must be dataset, identity, person. Found: {','.join(row)}"
            )
    return rows
