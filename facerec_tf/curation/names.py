"""Files with lists of names of identities."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import atomic_file, read_text


def read_names(path: Path) -> list[str]:
    """Reads names from a text file, one per line; a line that begins with " is a JSON string.

    Raises:
        DataError: If the file cannot be read or is not valid UTF-8, or such a line is not JSON.
    """
    lines = read_text(path, "list of names", bom=True).split("\n")
    numbered = ((number, line.strip()) for number, line in enumerate(lines, start=1))
    return [_parse(line, path, number) for number, line in numbered if line]


def write_names(path: Path, names: Iterable[str]) -> None:
    """Writes names for `read_names`: as JSON if it could not read them unchanged otherwise."""
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
