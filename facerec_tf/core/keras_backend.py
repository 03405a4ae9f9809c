"""Checks the backend of Keras: TensorFlow beside another one ends in a segmentation fault."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

_NEEDED = "tensorflow"


def require_tensorflow_backend() -> None:
    """Checks that Keras uses, or is going to use, its TensorFlow backend.

    Raises:
        ImportError: If another backend is selected. The message names the setting.
    """
    backend, setting = _selected_backend()
    if backend != _NEEDED:
        raise ImportError(
            f"facerec_tf needs the {_NEEDED} backend of Keras, but {setting} selects "
            f"'{backend}'. Remedy: set the environment variable KERAS_BACKEND={_NEEDED} before "
            "Python starts."
        )


def _selected_backend() -> tuple[str, str]:
    """Name of the backend, and the setting that selects it, in the order in which Keras looks."""
    keras = sys.modules.get("keras")
    if keras is not None and hasattr(keras, "config"):
        return keras.config.backend(), "the Keras that this process has imported"
    if backend := os.environ.get("KERAS_BACKEND"):
        return backend, "the environment variable KERAS_BACKEND"
    path = _keras_folder() / "keras.json"
    try:
        options = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # Keras, too, ignores what is not JSON.
        options = {}
    backend = options.get("backend") if isinstance(options, dict) else None
    return backend or _NEEDED, f"'{path}'"


def _keras_folder() -> Path:
    if home := os.environ.get("KERAS_HOME"):
        return Path(home)
    home = os.path.expanduser("~")
    return Path(home if os.access(home, os.W_OK) else "/tmp") / ".keras"
