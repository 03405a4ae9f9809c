"""Identities of several data sets: distinct unless a file says that they are one person."""

from __future__ import annotations

import array
import csv
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError

HEADER = ("dataset", "identity", "person")


class People(NamedTuple):
    """The people of all data sets together.

    Attributes:
        labels: int64 `[identities]`: the person of every identity, data set after data set.
        names: Names of the people, by label; no two are the same.
    """

    labels: np.ndarray
    names: list[str]


def unite(
    identities: Mapping[str, Sequence[str]],
    persons: Mapping[int, str],
    same_names: bool = False,
) -> People:
    """Returns who the identities of several data sets are.

    People are numbered in the order of their first identities, so the labels of the first data set
    stay as long as no two of its identities are one person. Who has several identities is called
    as `persons` says, or by their common name. Any other name that more than one person would have
    becomes `DATASET/NAME` for each of them whom `persons` does not name.

    Args:
        identities: Data set → names of its identities, by label. Names of data sets have no "/".
        persons: Place among all identities → person's name; equal ones are one person.
        same_names: Whether identities of equal names, which are not in `persons`, are one person.

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
            raise DataError(
                f"{name!r} would be the name of two people: call one of them otherwise."
            )
        for label in np.flatnonzero(clash & ~fixed).tolist():
            dataset = datasets[int(np.searchsorted(ends, first[label], side="right"))]
            names[label] = f"{dataset}/{names[label]}"
        fixed |= clash
    return People(labels, names)


def read_persons(path: Path, identities: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """Returns the place, among all of `identities`, of those listed in a CSV file → their person.

    Its columns are dataset, identity and person. Identities with the same person are one.

    Raises:
        DataError: If it cannot be read, has another format, names unknown data sets or identities,
            or calls one identity two people; the message states the line.
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
            raise DataError(f"{position} names data set {dataset!r}, which is none of {known}.")
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
    """Returns bool `[n]`: whose name is not theirs alone."""
    # Hashes leave few to compare: a dictionary of a million names would take 100 MB.
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
    """Returns the rows of a CSV file, each after the number of its last line."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            rows = [(reader.line_num, row) for row in reader if row]
    except OSError as error:
        raise DataError(f"Cannot read '{path}': {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"'{path}' is not a CSV file in UTF-8: {error}.") from None
    if not rows or tuple(rows[0][1]) != HEADER:
        raise DataError(f"'{path}' must begin with the header {','.join(HEADER)}.")
    for line, row in rows[1:]:
        if len(row) != len(HEADER) or not row[-1]:
            raise DataError(
                f"Line {line} of '{path}' must be dataset, identity, person. Found: {','.join(row)}"
            )
    return rows[1:]
