"""Loads a recognizer from a `.keras` file."""

from __future__ import annotations

from pathlib import Path

import keras

from facerec_tf.core.errors import DataError
from facerec_tf.models import Recognizer


def require_file(path: str | Path) -> None:
    """Raises `DataError` unless there is a file at `path`."""
    if not Path(path).is_file():
        raise DataError(f"Model {path} does not exist.")


def load_keras(path: str | Path) -> Recognizer:
    """Returns the recognizer in a `.keras` file.

    Raises:
        DataError: If the file is missing, damaged, or holds another kind of model.
    """
    path = Path(path)
    require_file(path)
    try:
        model = keras.saving.load_model(path, compile=False)
    except (ValueError, OSError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"Model {path} cannot be read: {reason}") from error
    if not isinstance(model, Recognizer):
        raise DataError(f"Model {path} is a {type(model).__name__}, not a Recognizer.")
    return model
