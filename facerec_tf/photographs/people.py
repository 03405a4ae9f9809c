"""Photographs grouped by the person they show."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import NamedTuple

from facerec_tf.core.chief import emit
from facerec_tf.core.errors import DataError, require_count
from facerec_tf.core.quote import escape_controls
from facerec_tf.data.names import compose_name
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.rejected import PERSON, Rejected

#: The reason for leaving out people of whom there are photographs.
NO_CROPS = "none of the person's images gave a crop"

#: Names that a message contains.
_NAMED = 3


class People(NamedTuple):
    """Photographs grouped by the person they show.

    Attributes:
        photos: Person → photographs, both sorted by name.
        left_out: The people with too few photographs.
    """

    photos: dict[str, list[Photo]]
    left_out: list[Rejected]


def group_by_person(photos: Iterable[Photo], min_images: int = 1) -> People:
    """Groups photographs by person, leaving out people with fewer than `min_images`.

    Raises:
        ArgumentError: If `min_images` is not a positive integer.
        DataError: If nobody has `min_images` photographs, or the names of two people differ only
            in case.
    """
    require_count("min_images", min_images)
    people: dict[str, list[Photo]] = {}
    for photo in sorted(photos, key=lambda photo: (photo.person, photo.name)):
        people.setdefault(photo.person, []).append(photo)
    _require_distinct(people)
    enough = {person: own for person, own in people.items() if len(own) >= min_images}
    if not enough:
        raise DataError(f"Nobody has min_images={min_images} photographs or more.")
    left_out = [
        Rejected(person, f"too few images: {len(own)}, fewer than {min_images}", PERSON)
        for person, own in people.items()
        if person not in enough
    ]
    return People(enough, left_out)


def without_images(photos: Iterable[Photo], seen: Iterable[str]) -> list[Rejected]:
    """Returns the people of `photos` who are not in `seen`, the people of whom a crop was made."""
    missing = sorted({photo.person for photo in photos} - set(seen))
    return [Rejected(person, NO_CROPS, PERSON) for person in missing]


def report_merged(names: Iterable[str]) -> None:
    """Prints a note about names of people that are equal in Unicode's form NFC.

    Args:
        names: The names as they were given.
    """
    forms: dict[str, set[str]] = {}
    for name in names:
        forms.setdefault(compose_name(name), set()).add(name)
    if merged := sorted(name for name, given in forms.items() if len(given) > 1):
        named = ", ".join(f"'{escape_controls(name)}'" for name in merged[:_NAMED])
        more = ", …" if len(merged) > _NAMED else ""
        emit(
            f"note: names given in several Unicode forms, each taken as one person: {named}{more}",
            file=sys.stderr,
        )


def _require_distinct(people: Iterable[str]) -> None:
    """Raises `DataError` if two names differ only in case."""
    seen: dict[str, str] = {}
    for person in people:
        other = seen.setdefault(person.casefold(), person)
        if other != person:
            names = " and ".join(f"'{escape_controls(name)}'" for name in (other, person))
            raise DataError(
                f"The names of people {names} differ only in case: rename one, or give both the "
                "same name if they are the same person."
            )
