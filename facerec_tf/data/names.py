"""Names of identities in a common form, and whether they can be names of people."""

from __future__ import annotations

import re
import unicodedata

#: Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are parts of letters.
_ACCENTS = re.compile("[\u0300-\u036f]")

_NUMERAL = re.compile(r"\d")
_TWO_LETTERS = re.compile(r"[^\W\d_].*[^\W\d_]", re.DOTALL)


def compose_name(name: str) -> str:
    """Returns a name in Unicode's form NFC: macOS writes an accented letter as two characters."""
    return unicodedata.normalize("NFC", name)


def normalize_name(name: str) -> str:
    """Normal form that different spellings of a name share: "Zoë_Ångström" is "zoe angstrom".

    Compatible characters (Unicode's NFKD), letters with and without accents, and upper and lower
    case are the same; all characters except letters, marks and digits separate words. A name
    without letters, marks and digits is returned unchanged.
    """
    letters = _ACCENTS.sub("", unicodedata.normalize("NFKD", name)).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in letters)
    return " ".join(words.split()) or name


def person_key(name: str) -> str:
    """Normal form by which people of different data sets are compared: one key, perhaps one person.

    As `normalize_name`, but without spaces and the order of words ("Gore, Al" is "Al_Gore"), and
    without the `DATASET/` that merged records may put before a name.
    """
    return "".join(sorted(normalize_name(name.rpartition("/")[2] or name).split()))


def is_personal(name: str) -> bool:
    """Whether a name can be the name of a person: two letters or more, and no digit.

    Identifiers such as "12", "n000002" (VGGFace2) and "m.0107_f" (MS-Celeb-1M) contain digits.
    """
    return not _NUMERAL.search(name) and bool(_TWO_LETTERS.search(name))
