"""Loads a recognizer from a `.keras` file."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from facerec_tf.core.errors import DataError
from facerec_tf.core.quote import reason
from facerec_tf.core.zip_files import require_intact_zip
from facerec_tf.models import Recognizer

#: Keys of a configuration whose integers are not sizes of weights.
_NO_SIZES = {"compile_config", "origin", "seed", "shared_object_id"}
#: Argument that Keras' errors name when it refuses code in a file.
_REFUSED = "safe_mode"
#: Any integer up to this one may be an option of a small network.
_SMALL = 1_000_000


def load_keras(path: str | Path) -> Recognizer:
    """Returns the recognizer in a `.keras` file.

    The file is checked before a network is built from it: its checksums, the size of what it
    unpacks to, and that no layer is larger than its weights. Code in it is refused by Keras.

    Raises:
        DataError: If the file is missing, damaged, could run code, or holds another kind of model.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"Model {path} does not exist.")
    require_intact_zip(path, f"Model {path}")
    _require_plausible(path)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # A manipulated file may raise anything.
        if _REFUSED in str(error):
            raise DataError(
                f"Model {path} is refused: it contains Python code, such as a Lambda layer, and "
                "loading it could run that code."
            ) from error
        raise DataError(f"Model {path} cannot be read: {reason(error)}.") from error
    if not isinstance(model, Recognizer):
        raise DataError(f"Model {path} is a {type(model).__name__}, not a Recognizer.")
    return model


def _require_plausible(path: Path) -> None:
    """Raises `DataError` if the configuration is not JSON, or has a size above that of the file.

    TensorFlow would allocate the memory first.
    """
    with zipfile.ZipFile(path) as archive:
        content = sum(member.file_size for member in archive.infolist())
        try:
            config = json.loads(archive.read("config.json"))
        except KeyError:
            raise DataError(f"Model {path} is not a Keras model: it has no config.json.") from None
        except (ValueError, RecursionError) as error:
            why = "nested too deeply" if isinstance(error, RecursionError) else reason(error)
            raise DataError(f"Model {path} has an invalid config.json: {why}.") from None
    for name, number in _sizes(config):
        if number > max(content, _SMALL):
            raise DataError(
                f"Model {path} is refused: its config.json has {name}={number}, but the file holds "
                f"only {content:,} bytes."
            )


def _sizes(config: Any) -> Iterator[tuple[str, int]]:
    """Yields key and value of every integer in a configuration that may be a size."""
    left: list[tuple[str, Any]] = [("", config)]
    while left:
        name, value = left.pop()
        if isinstance(value, dict):
            left += [item for item in value.items() if item[0] not in _NO_SIZES]
        elif isinstance(value, list):
            left += [(name, item) for item in value]
        elif isinstance(value, int):
            yield name, value
