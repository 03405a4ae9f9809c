"""Reads weight files of all supported formats, which it detects from the content."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import require_regular_file
from facerec_tf.core.zip_files import require_intact_zip
from facerec_tf.pretrained import mxnet, onnx, pytorch
from facerec_tf.pretrained.weight_source import WeightSource

_ZIP, _PICKLE = b"PK\x03\x04", b"\x80"
_KNOWN = "MXNet (.params), PyTorch (.pt, .pth) or ONNX (.onnx)"


def read_weights(path: str | os.PathLike) -> WeightSource:
    """Reads a weight file.

    Args:
        path: MXNet `.params` file, PyTorch `state_dict` or ONNX file, with any extension.

    Raises:
        DataError: If the file is missing, damaged, of an unsupported format, or contains numbers
            that are not finite.
        UserError: If a package required by the format is not installed.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"Weight file '{path}' does not exist.")
    require_regular_file(path, "weight file")
    source = _reader(path)(path)
    bad = [name for name, array in source.arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise DataError(
            f"Weight file '{path}': {len(bad)} arrays contain NaN or infinity, "
            f"for example {bad[0]!r}."
        )
    return source


def _reader(path: Path) -> Callable[[Path], WeightSource]:
    with open(path, "rb") as file:
        start = file.read(8)
    if start == mxnet.MAGIC:
        return mxnet.read
    if start.startswith(_ZIP):
        require_intact_zip(path, f"Weight file '{path}'")
        _require_not_keras(path)
        return pytorch.read
    if start.startswith(_PICKLE):
        return pytorch.read
    if start.startswith(onnx.MAGIC):
        return onnx.read
    raise DataError(f"Weight file '{path}' has an unsupported format. Supported: {_KNOWN}.")


def _require_not_keras(path: Path) -> None:
    """Raises `DataError` if the archive is a Keras model."""
    with zipfile.ZipFile(path) as archive:
        is_keras = "model.weights.h5" in archive.namelist()
    if is_keras:
        raise DataError(
            f"Weight file '{path}' is already a Keras model: pass it as --pretrained or --model."
        )
