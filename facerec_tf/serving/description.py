"""`model.json`: the description of an export, with the digest of each of its files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import read_json, require_regular_file, sha256

#: File beside the network that describes it.
METADATA = "model.json"

#: Keys of the digests: of each file, and of the description without this key.
_FILES, _CHECKSUM = "files", "checksum"


def write_description(folder: Path, fields: Mapping[str, Any]) -> None:
    """Writes `model.json` with `fields` and the SHA-256 of all files that are in `folder` now."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    digests = {path.relative_to(folder).as_posix(): sha256(path) for path in paths}
    described = {**fields, _FILES: digests}
    described[_CHECKSUM] = _digest(described)
    (folder / METADATA).write_text(json.dumps(described, indent=2) + "\n")


def read_description(folder: Path) -> dict[str, Any]:
    """Reads `model.json`, and compares it and the files with the digests in it.

    Versions before digests wrote none: of such an export, only the fields are checked. Files that
    the description does not list are not read.

    Raises:
        DataError: If `model.json` or another file is missing or damaged; names it.
    """
    described = read_json(folder / METADATA, "export description")
    if _FILES in described or _CHECKSUM in described:
        fields = {name: value for name, value in described.items() if name != _CHECKSUM}
        files = fields.get(_FILES)
        if described.get(_CHECKSUM) != _digest(fields) or not isinstance(files, dict):
            raise _damaged(folder / METADATA, "its content does not match its checksum")
        for name, digest in files.items():
            path = folder / name
            if not path.exists():
                raise _damaged(path, "it is missing")
            require_regular_file(path, "file of the export")
            if sha256(path) != digest:
                raise _damaged(path, f"its SHA-256 differs from that in {METADATA}")
    for name, (is_valid, expected) in _FIELDS.items():
        if not is_valid(described.get(name)):
            raise _damaged(
                folder / METADATA, f"'{name}' must be {expected}. Found: {described.get(name)!r}"
            )
    return described


def _damaged(path: Path, why: str) -> DataError:
    return DataError(
        f"The export is damaged. File '{path}': {why}. Copy the export again, or write it again "
        "with `facerec export`."
    )


def _digest(fields: Mapping[str, Any]) -> str:
    """Returns the SHA-256 of the fields as JSON, in hexadecimal."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_is_count, value))


#: Field that the embedder uses → check of its value, and description of valid values.
_FIELDS = {
    "form": (lambda value: isinstance(value, str), "the name of a format"),
    "embedding_size": (_is_count, "a positive integer"),
    "image_size": (_is_size, "height and width"),
    "digest": (lambda value: isinstance(value, str), "the SHA-256 of the weights"),
}
