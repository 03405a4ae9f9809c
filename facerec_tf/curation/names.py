"""Identities' names: lists of them in files, and which are spelled differently but the same."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import atomic_file

#: Accents of Latin, Greek and Cyrillic letters. Marks of other scripts are letters in all but name.
_ACCENTS = re.compile("[\u0300-\u036f]")


def normalize_name(name: str) -> str:
    """Returns what spellings of a name have in common: "Zoë_Ångström" is "zoe angstrom".

    Compatible characters (Unicode's NFKD), letters with and without accents, upper and lower case
    are the same; all characters but letters, marks and digits separate words. A name that consists
    of nothing else stays as it is.
    """
    letters = _ACCENTS.sub("", unicodedata.normalize("NFKD", name)).casefold()
    words = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in letters)
    return " ".join(words.split()) or name


def read_names(path: Path) -> list[str]:
    """Returns the names in a text file, one a line; a line that begins with " is a JSON string.

    Raises:
        DataError: If the file cannot be read, or such a line is not a JSON string.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise DataError(f"Cannot read '{path}': {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise DataError(f"'{path}' is not UTF-8 text: {error}.") from None
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    return [_parse(line, path, number) for number, line in numbered if line]


def write_names(path: Path, names: Iterable[str]) -> None:
    """Writes names as `read_names` reads them: whatever would not come back as it is, as JSON."""
    lines = [name if _is_plain(name) else json.dumps(name, ensure_ascii=False) for name in names]
    with atomic_file(path) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def _is_plain(name: str) -> bool:
    quoted = name.startswith(('"', "\ufeff"))
    return not quoted and bool(name) and name == name.strip() and not re.search(r"[\r\n]", name)


def _parse(line: str, path: Path, number: int) -> str:
    if not line.startswith('"'):
        return line
    try:
        return str(json.loads(line))
    except ValueError as error:
        raise DataError(
            f"Line {number} of '{path}' begins with \", but is not a JSON string: {error}."
        ) from None
