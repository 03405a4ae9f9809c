"""facerec_tf: training, evaluation and export of face-recognition models in Keras 3.

Public names are imported on first use, so that importing the package is fast.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import re
from typing import Any

from facerec_tf.core.keras_backend import require_tensorflow_backend
from facerec_tf.core.serializable import register_deferred
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
    "load": "facerec_tf.runs.load",
    "load_records": "facerec_tf.data.dataset",
}

#: Package → oldest version that works. An older Keras lets a malicious model file run code or read
#: files: CVE-2025-8747, -9905, -9906 and -12058 are fixed in 3.12.0, CVE-2026-0897 and -1462 in
#: 3.12.1.
_OLDEST = {"tensorflow": (2, 20), "keras": (3, 12, 1)}

__all__ = ["__version__", *_PUBLIC]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)


def _require(package: str, oldest: tuple[int, ...]) -> None:
    """Raises `ImportError` if the installed version of `package` is older than `oldest`."""
    wanted = f"{package}>={'.'.join(map(str, oldest))}"
    try:
        version = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return  # Another build, such as a nightly, has another name and is not checked.
    numbers = re.match(r"[\d.]*", version)[0]  # type: ignore[index]  # It matches any text.
    if tuple(int(part) for part in numbers.split(".") if part) < oldest:
        raise ImportError(
            f"facerec_tf needs {wanted}, but {package} {version} is installed. "
            f"Remedy: pip install '{wanted}'"
        )


for _package, _version in _OLDEST.items():
    _require(_package, _version)
require_tensorflow_backend()
register_deferred()
