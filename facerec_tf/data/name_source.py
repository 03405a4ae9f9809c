"""What the names of the identities in records are, and which records gave them."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable

from facerec_tf.data.names import is_personal

#: Beginning of the names of drawn people.
DRAWN_PERSON = "synthetic-"

#: Share of the names of identities that must be personal for all to be considered names of people.
_PERSONAL_SHARE = 0.9


class NameKind(str, enum.Enum):
    """Kind of the names of identities; the values are those in `manifest.json`.

    Attributes:
        PEOPLE: Names of people, which are the same in every data set.
        NUMBERS: Numbers or other identifiers, valid in one data set.
        DRAWN: Numbers of drawn faces.
    """

    PEOPLE = "people"
    NUMBERS = "numbers"
    DRAWN = "drawn"


@dataclasses.dataclass(frozen=True)
class NameSource:
    """Meaning of the names in records.

    Attributes:
        kind: Kind of the names; None if their writer does not know it.
        origin: Identifier of the records that gave the identities their names: equal names of one
            origin are the same identity, different names are different ones. None if these records
            gave the names themselves.
    """

    kind: NameKind | None = None
    origin: str | None = None


#: Of records whose writer does not know where the names come from.
UNKNOWN_NAMES = NameSource()


def guess_kind(names: Iterable[str]) -> NameKind:
    """Guesses the kind of the names of identities.

    Names are those of people if nine in ten contain letters and no digits, and of drawn faces if
    all begin as these do.
    """
    names = list(names)
    if names and all(name.startswith(DRAWN_PERSON) for name in names):
        return NameKind.DRAWN
    is_enough = sum(map(is_personal, names)) >= _PERSONAL_SHARE * len(names)
    return NameKind.PEOPLE if names and is_enough else NameKind.NUMBERS
