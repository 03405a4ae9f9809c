"""People of several data sets: identities are distinct unless a file lists them as one person."""

from __future__ import annotations

import array
import itertools
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_csv
from facerec_tf.data.names import compose_name

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
    becomes `DATASET/NAME` for each of them that `persons` does not name. Identities of one data set
    with the same name are one person.

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
    repeated = itertools.chain.from_iterable(_first_places(own) for own in identities.values())
    starts = np.repeat(np.concatenate([[0], ends[:-1]]), np.diff(ends, prepend=0)).tolist()
    flat = itertools.chain.from_iterable(identities.values())
    for place, (name, same, start) in enumerate(zip(flat, repeated, starts, strict=True)):
        if start + same < place:
            labels[place] = labels[start + same]
            continue
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
            raise DataError(
                f"{reprlib.repr(name)} would be the name of two people: rename one of them."
            )
        for label in np.flatnonzero(clash & ~fixed).tolist():
            dataset = datasets[int(np.searchsorted(ends, first[label], side="right"))]
            names[label] = f"{dataset}/{names[label]}"
        fixed |= clash
    return People(labels, names)


def read_persons(path: Path, identities: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """Reads a CSV file that assigns identities to people.

    Its columns are dataset, identity and person. Identities with the same person are one. Names are
    read in Unicode's form NFC.

    Args:
        path: The file.
        identities: Data set → names of its identities in the form NFC, by label.

    Returns:
        Position among all of `identities` → person, of the identities in the file.

    Raises:
        DataError: If it cannot be read, has another format, names unknown data sets or identities,
            or assigns one identity to two people; the message states the line.
    """
    starts = np.cumsum([0, *(len(names) for names in identities.values())]).tolist()
    places = {
        dataset: {name: start + i for i, name in reversed(list(enumerate(names)))}
        for (dataset, names), start in zip(identities.items(), starts, strict=False)
    }
    persons: dict[int, str] = {}
    for line, (dataset, *row) in _read_rows(path):
        identity, person = map(compose_name, row)
        position = f"Line {line} of '{path}'"
        if dataset not in places:
            known = ", ".join(f"{name!r}" for name in places)
            raise DataError(
                f"{position} names data set {reprlib.repr(dataset)}, expected one of {known}."
            )
        if identity not in places[dataset]:
            raise DataError(
                f"{position}: data set {dataset!r} has no identity {reprlib.repr(identity)}."
            )
        other = persons.setdefault(places[dataset][identity], person)
        if other != person:
            raise DataError(
                f"{position} says that {reprlib.repr(identity)} of data set {dataset!r} is "
                f"{reprlib.repr(person)}, and another line that it is {reprlib.repr(other)}."
            )
    return persons


def _first_places(names: Sequence[str]) -> list[int]:
    """Index of the first of the names that equal each name."""
    places = np.arange(len(names))
    first: dict[str, int] = {}
    for place in np.flatnonzero(_clashing(names)).tolist():
        places[place] = first.setdefault(names[place], place)
    return places.tolist()


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
                f"Line {line} of '{path}' must be dataset, identity, person. Found: "
                f"{reprlib.repr(','.join(row))}"
            )
    return rows
