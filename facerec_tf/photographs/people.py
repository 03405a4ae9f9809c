"""Photographs grouped by the person they show."""

from __future__ import annotations

from collections.abc import Iterable

from facerec_tf.core.errors import DataError, require_count
from facerec_tf.photographs.photo import Photo


def group_by_person(photos: Iterable[Photo], min_images: int = 1) -> dict[str, list[Photo]]:
    """Groups photographs by person, leaving out people with fewer than `min_images`.

    Returns:
        Person → photographs, both sorted by name.

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
    people = {person: own for person, own in people.items() if len(own) >= min_images}
    if not people:
        raise DataError(f"Nobody has min_images={min_images} photographs or more.")
    return people


def _require_distinct(people: Iterable[str]) -> None:
    """Raises `DataError` if two names differ only in case."""
    seen: dict[str, str] = {}
    for person in people:
        other = seen.setdefault(person.casefold(), person)
        if other != person:
            raise DataError(
                f"The names of people '{other}' and '{person}' differ only in case: rename one, or "
                "give both the same name if they are the same person."
            )
