"""YuNet's model file: given by path, found in the user's cache, or downloaded to it."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import urllib.request
from pathlib import Path

from facerec_tf.core import files
from facerec_tf.core.errors import DataError, require
from facerec_tf.core.files import atomic_file, require_regular_file

#: Download address of the first of the published files, in the repository of YuNet's authors.
URL = (
    "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/"
    "yunet_n_320_320.onnx"
)

#: Name → SHA-256 of the published files, in the order in which the cache is searched.
_PUBLISHED = {
    "yunet_n_320_320.onnx": "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2",
    "yunet_n_dynamic.onnx": "104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
}

_TIMEOUT = 60  # seconds without a byte
_LARGEST = 1 << 24  # bytes of a response or a file; the published files have 3e5


def find_model(
    given: str | os.PathLike | None = None, *, sha256: str | None = None, fetch: bool = False
) -> Path:
    """Returns the path of YuNet's ONNX file after checking its SHA-256.

    Args:
        given: The file; by default the first published file in the user's cache,
            `$XDG_CACHE_HOME/facerec_tf` or `~/.cache/facerec_tf`.
        sha256: SHA-256 of the file, if it is not one of the published files.
        fetch: Whether to download the file if `given` is None and the cache has none.

    Raises:
        ArgumentError: If `sha256` is not 64 hexadecimal digits.
        DataError: If the file is missing, has another SHA-256 or cannot be downloaded.
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
        return _download(paths[0], expected)
    raise DataError(
        f"YuNet's model file is not in the cache: neither {' nor '.join(map(str, paths))} exists. "
        "Download it with --fetch_detector, or give its path with --detector_model=FILE."
    )


def _checked(path: Path, expected: list[str]) -> Path:
    require_regular_file(path, "detector model", _LARGEST)
    try:
        found = files.sha256(path)
    except OSError as error:
        raise DataError(f"Cannot read detector model '{path}': {error.strerror}.") from None
    _require_digest(f"Detector model '{path}'", found, expected)
    return path


def _download(path: Path, expected: list[str]) -> Path:
    try:
        with urllib.request.urlopen(URL, timeout=_TIMEOUT) as response:
            content = response.read(_LARGEST)
        _require_digest(
            f"The file downloaded from {URL}", hashlib.sha256(content).hexdigest(), expected
        )
        with atomic_file(path) as temporary:
            temporary.write_bytes(content)
    except (OSError, http.client.HTTPException) as error:
        raise DataError(
            f"Cannot download {URL} to '{path}': {error}. Download it by other means and give its "
            "path with --detector_model=FILE."
        ) from None
    return path


def _require_digest(what: str, found: str, expected: list[str]) -> None:
    if found not in expected:
        raise DataError(
            f"{what} has SHA-256 {found}, expected {' or '.join(expected)}. If you trust the file, "
            f"add --detector_sha256={found}."
        )
