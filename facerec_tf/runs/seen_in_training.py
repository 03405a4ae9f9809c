"""Whether the people in a pair set were trained on, as far as names and image hashes tell."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from facerec_tf.data.manifest import Manifest
from facerec_tf.data.name_source import NameKind
from facerec_tf.data.names import is_personal, person_key


@dataclasses.dataclass(frozen=True)
class SeenInTraining:
    """Known overlap of a pair set with the images that a run was trained on.

    Attributes:
        people: Number of people in the pairs whose names are among those trained on.
        images: Number of images in the pairs whose bytes are among those trained on.
        of_people: Number of people in the pairs.
        of_images: Number of images in the pairs.
        unknown: Why other people in the pairs may have been trained on, with the command that
            finds out if there is one; None if no other was.
        drawn: Whether the people are drawn.
    """

    people: int
    images: int
    of_people: int
    of_images: int
    unknown: str | None = None
    drawn: bool = False

    @property
    def is_disjoint(self) -> bool:
        """Whether it is certain that nobody in the pairs was trained on."""
        return not (self.people or self.images or self.unknown)

    @property
    def claim(self) -> str:
        """Text after an accuracy, such as " on people never trained on"; empty if not certain."""
        if not self.is_disjoint:
            return ""
        return f" on {'drawn faces of ' if self.drawn else ''}people never trained on"

    @property
    def warning(self) -> str | None:
        """One line about what was trained on, or may have been; None if nothing was."""
        if not (self.people or self.images):
            return self.unknown
        parts = []
        if self.people:
            parts.append(f"{self.people:,} of the {self.of_people:,} people")
        if self.images:
            parts.append(f"{self.images:,} of the {self.of_images:,} images")
        least = "at least " if self.unknown else ""
        return f"{least}{' and '.join(parts)} in these pairs were trained on"


def compare_names(
    trained: Manifest, trained_names: Iterable[str], tested: Manifest
) -> tuple[int, bool]:
    """Compares the people of a pair set with those trained on, by their names.

    Names of one origin are compared exactly, other names in the form of `person_key`.

    Args:
        trained: Manifest of the records.
        trained_names: Names of the identities in them that were trained on.
        tested: Manifest of the pair set.

    Returns:
        The number of people in the pair set with the name of a person trained on, and whether all
        others are different people: names tell this only if they are of one origin, or if both
        sides have names of people.
    """
    if trained.origin == tested.origin:
        known = set(trained_names)
        return sum(entry.name in known for entry in tested.classes), True
    keys = {person_key(name) for name in trained_names if is_personal(name)}
    seen = sum(is_personal(e.name) and person_key(e.name) in keys for e in tested.classes)
    is_certain = trained.name_kind is tested.name_kind is NameKind.PEOPLE
    return seen, is_certain


def count_equal_images(
    trained: np.ndarray, counts: np.ndarray, is_trained: np.ndarray, tested: np.ndarray
) -> int:
    """Counts the images of a pair set that were trained on.

    Args:
        trained: uint64 `[images]`: hashes of the records' images, by label.
        counts: int64 `[classes]`: number of images of each label.
        is_trained: bool `[classes]`: whether a label was trained on.
        tested: uint64 `[tested]`: hashes of the pair set's images.
    """
    ordered = np.sort(tested)
    place = np.minimum(np.searchsorted(ordered, trained), len(ordered) - 1)
    equal = (ordered[place] == trained) & np.repeat(is_trained, counts)
    return int(np.isin(tested, trained[equal]).sum())


def unknown_reason(
    data: Path, pairs: Path, run: Path, *, by_numbers: bool, pretrained: bool
) -> str | None:
    """Why it is unknown whether people in the pairs were trained on; None if nothing is unknown.

    Args:
        data: Folder of the records trained on.
        pairs: Folder of the pair set.
        run: Folder of the run.
        by_numbers: Whether the names do not tell who is the same person.
        pretrained: Whether the run started from weights trained on other data.
    """
    if by_numbers:
        return (
            "it is unknown whether people in these pairs were trained on: the records or the pairs "
            "have numbers instead of names. Find out with: facerec check-overlap "
            f"--data={shlex.quote(str(data))} "
            f"--test={shlex.quote(str(pairs))} --workdir={shlex.quote(str(run))} --nonames "
            "--output=overlap"
        )
    if pretrained:
        return (
            "it is unknown whether people in these pairs are in the data that the --pretrained "
            "network was trained on before"
        )
    return None
