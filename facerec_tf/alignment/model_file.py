"""YuNet's model file: given, in the user's cache, or fetched to it."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.request
from pathlib import Path

from facerec_tf.core import files
from facerec_tf.core.errors import DataError, require
from facerec_tf.core.files import atomic_file

#: Where YuNet's authors keep the first of the published files.
URL = (
    "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/"
    "yunet_n_320_320.onnx"
)

#: The published files and their SHA-256, in the order they are looked for.
_PUBLISHED = {
    "yunet_n_320_320.onnx": "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2",
    "yunet_n_dynamic.onnx": "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
}

_TIMEOUT = 60  # seconds without a byte
_LARGEST = 1 << 24  # bytes read of an answer: the file has 3e5


def find_model(
    given: str | os.PathLike | None = None, *, sha256: str | None = None, fetch: bool = False
) -> Path:
    """Returns the path of YuNet's ONNX file, whose SHA-256 has been checked.

    Args:
        given: The file; by default the first of the published ones in the user's cache,
            `$XDG_CACHE_HOME/facerec_tf` or `~/.cache/facerec_tf`.
        sha256: What it must hash to, if it is none of the published ones.
        fetch: Whether to download it to the cache if none is given, and none there.

    Raises:
        ArgumentError: If `sha256` is no SHA-256.
        DataError: If there is no such file, it is another than it should be, or it cannot be
            fetched.
    """
    if sha256 is not None:
        is_digest = re.fullmatch("[0-9a-fA-F]{64}", sha256) is not None
        require(is_digest, "sha256", "64 hexadecimal digits", sha256)
    expected = [sha256.lower()] if sha256 else list(_PUBLISHED.values())
    if given is not None:
        return _checked(Path(given), expected)

    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "facerec_tf"
    paths = [folder / name for name in _PUBLISHED]
    for path in paths:
        if path.exists():
            return _checked(path, expected)
    if fetch:
        return _fetched(paths[0], expected)
    raise DataError(
        f"YuNet's model is not in the cache: looked for {' and '.join(map(str, paths))}. Give it "
        "by --detector_model=FILE, put it there, or have it downloaded by --fetch_detector."
    )


def _checked(path: Path, expected: list[str]) -> Path:
    try:
        found = files.sha256(path)
    except OSError as error:
        raise DataError(f"Cannot read detector model '{path}': {error.strerror}.") from None
    _require_digest(f"Detector model '{path}'", found, expected)
    return path


def _fetched(path: Path, expected: list[str]) -> Path:
    try:
        with urllib.request.urlopen(URL, timeout=_TIMEOUT) as answer:
            content = answer.read(_LARGEST)
        _require_digest(f"What {URL} sent", hashlib.sha256(content).hexdigest(), expected)
        with atomic_file(path) as temporary:
            temporary.write_bytes(content)
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            f"Cannot fetch {URL} to '{path}': {error}. Download it elsewhere, and give it by "
            "--detector_model=FILE."
        ) from None
    return path


def _require_digest(what: str, found: str, expected: list[str]) -> None:
    if found not in expected:
        raise DataError(
            f"{what} is another file than expected: its SHA-256 is {found}, expected "
            f"{' or '.join(expected)}. If it is right, say so by --detector_sha256={found}."
        )
