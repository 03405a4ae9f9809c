"""The list of files that gave no crop, and why."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from facerec_tf.core.files import atomic_file
from facerec_tf.core.quote import escape_controls
from facerec_tf.core.spreadsheet import SpreadsheetWriter
from facerec_tf.data.damaged import require_few_damaged

#: Name of the list in the output folder.
REJECTED_FILE = "rejected.csv"

#: Kinds of what is left out; a file that is not an image has the kind "other".
IMAGE, PERSON, OTHER = "image", "person", "other"

#: People and reasons that a summary names.
_NAMED = 3


class Rejected(NamedTuple):
    """A file, a folder or a person that was left out, and the reason.

    Attributes:
        file: Name of the file, the folder or the person.
        reason: Why it was left out. Details follow a colon: "too small: the face is 13 pixels wide,
            fewer than 20".
        kind: `IMAGE`, `PERSON` or `OTHER`; it is not written to the list.
    """

    file: str
    reason: str
    kind: str = IMAGE

    @property
    def cause(self) -> str:
        """The reason without details, to count by."""
        return self.reason.partition(":")[0]


def write_rejected(path: str | os.PathLike, rejected: Iterable[Rejected]) -> None:
    """Writes a CSV file of what was left out, sorted by name."""
    with atomic_file(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = SpreadsheetWriter(file)
        writer.writerow(("file", "reason"))
        writer.writerows(sorted((item.file, item.reason) for item in rejected))


def summarize_rejected(rejected: Iterable[Rejected], path: str | os.PathLike) -> Mapping[str, str]:
    """Returns the lines of a summary that count images, people and other files left out.

    Args:
        rejected: What was left out.
        path: The list, which the lines name.
    """
    groups: dict[str, list[Rejected]] = {IMAGE: [], PERSON: [], OTHER: []}
    for item in rejected:
        groups[item.kind].append(item)
    lines = {}
    if images := groups[IMAGE]:
        lines["rejected"] = f"{_files(images)}, listed in '{path}' ({count_causes(images)})"
    if people := groups[PERSON]:
        names = ", ".join(f"'{escape_controls(item.file)}'" for item in people[:_NAMED])
        more = ", …" if len(people) > _NAMED else ""
        lines["people left out"] = f"{len(people):,}, listed in '{path}' ({names}{more})"
    if others := groups[OTHER]:
        lines["not images"] = f"{_files(others)}, listed in '{path}' ({count_suffixes(others)})"
    return lines


def count_causes(rejected: Iterable[Rejected]) -> str:
    """Returns the most frequent causes and their number: "7 × too small, 2 × no face was found"."""
    counts = collections.Counter(item.cause for item in rejected)
    return ", ".join(f"{count:,} × {cause}" for cause, count in _ranked(counts))


def count_suffixes(rejected: Iterable[Rejected]) -> str:
    """Returns the suffixes of files that are not images and their number: "12 .txt, 1 .db"."""
    counts = collections.Counter(_suffix(item.file) for item in rejected if item.kind == OTHER)
    return ", ".join(f"{count:,} {suffix}" for suffix, count in _ranked(counts))


def require_few_rejected(damaged: Sequence[Rejected], total: int) -> None:
    """Raises `DataError` if more than 1 % of `total` images are damaged; names the first ones."""
    faults = [f"'{escape_controls(item.file)}': {item.reason}" for item in damaged]
    require_few_damaged(faults, total)


def _files(rejected: Sequence[Rejected]) -> str:
    return f"{len(rejected):,} {'file' if len(rejected) == 1 else 'files'}"


def _suffix(name: str) -> str:
    return escape_controls(os.path.splitext(name)[1].lower()) or "without a suffix"


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Returns the counts, the largest first, equal ones by name."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
