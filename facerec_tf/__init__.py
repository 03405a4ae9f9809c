"""facerec_tf: training, evaluation and export of face-recognition models in Keras 3.

Public names are imported on first use, so that importing the package is fast.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import Any

from facerec_tf.version import __version__

#: Public name → where it is defined.
_PUBLIC = {
    "BACKBONES": "facerec_tf.backbones",
    "LOSSES": "facerec_tf.losses",
    "MARGINS": "facerec_tf.margins",
    "Auxiliary": "facerec_tf.losses",
    "Embedder": "facerec_tf.serving",
    "EmbeddingLoss": "facerec_tf.losses",
    "ExperimentConfig": "facerec_tf.config",
    "MarginLayer": "facerec_tf.margins",
    "Objective": "facerec_tf.models",
    "Recognizer": "facerec_tf.models",
    "UserError": "facerec_tf.core.errors",
}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _require(package: str, least: tuple[int, int]) -> None:
    """Raises `ImportError` if the installed version of `package` is older than `least`."""
    wanted = f"{package}>={least[0]}.{least[1]}"
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return  # Another build, such as a nightly, has another name and is not checked.
    if tuple(int(part) for part in version.split(".")[:2]) < least:
        raise ImportError(
            f"facerec_tf needs {wanted}, but {package} {version} is installed. "
            f"Remedy: pip install '{wanted}'"
        )


_require("tensorflow", (2, 20))
_require("keras", (3, 10))
