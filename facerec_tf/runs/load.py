"""Loads the recognizer of a run folder or a `.keras` file."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core import chief
from facerec_tf.core.errors import ArgumentError, DataError, require
from facerec_tf.core.lookup import require_known
from facerec_tf.models import Recognizer
from facerec_tf.runs.keras_file import load_keras
from facerec_tf.runs.run_folder import RunFolder

#: The file by which an exported folder is recognised.
_EXPORT = "model.json"


def load_recognizer(workdir: str | Path, checkpoint: str = "final") -> Recognizer:
    """Loads the recognizer of a run.

    The averaged weights of a checkpoint are used if the run keeps an average.

    Args:
        workdir: Run folder.
        checkpoint: `final` for the finished run's, `latest` or `best` for a checkpoint's.

    Raises:
        ArgumentError: If `checkpoint` is none of these.
        DataError: If the run does not have this state, or it cannot be read.
    """
    require_known(checkpoint, ("final", "latest", "best"), "checkpoint")
    folder = RunFolder(workdir)
    folder.config()  # Raises unless this is a run.
    if checkpoint == "final":
        if not folder.recognizer.is_file():
            raise DataError(
                f"Run {workdir} is not finished: {folder.recognizer} is missing. "
                "Use --checkpoint=latest, or finish the run with --resume."
            )
        return load_keras(folder.recognizer)
    checkpoints = folder.checkpoints()
    faults = checkpoints.faults()
    chosen = checkpoints.latest() if checkpoint == "latest" else checkpoints.best()
    if chosen is None:
        damaged = f" {faults[-1]}" if faults else ""
        raise DataError(f"Run {workdir} has no {checkpoint} checkpoint.{damaged}")
    for fault in faults:
        chief.emit(f"warning: {fault} Step {chosen.step} is used.", file=sys.stderr)
    arrays = chosen.load()
    recognizer = folder.build_recognizer()
    _assign(recognizer.variables, arrays, "model")
    if any(name.startswith("average/") for name in arrays):
        _assign(recognizer.backbone.weights, arrays, "average")
    return recognizer


def load(path: str | Path, checkpoint: str = "final") -> Recognizer:
    """Loads a trained recognizer: `facerec_tf.load("runs/mine")`.

    Like `keras.models.load_model` for a `.keras` file, but also reads run folders, and its errors
    describe what is wrong with a damaged file.

    Args:
        path: Run folder or `.keras` file.
        checkpoint: State of a run; see `load_recognizer`.

    Raises:
        ArgumentError: If `checkpoint` is unknown, or is that of a file.
        DataError: If there is no recognizer at `path`, or it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        if (path / _EXPORT).is_file():
            raise DataError(
                f"Folder {path} is an export, not a Keras model: use "
                f"facerec_tf.Embedder({str(path)!r})."
            )
        return load_recognizer(path, checkpoint)
    require(checkpoint == "final", "checkpoint", "'final' for a file", checkpoint)
    return load_keras(path)


def load_trained(
    workdir: str | Path | None, model: str | Path | None, checkpoint: str = "final"
) -> Recognizer:
    """Loads the recognizer of a run or of a `.keras` file.

    Args:
        workdir: Run folder, or None.
        model: `.keras` file, or None; exactly one of the two is given.
        checkpoint: State of the run; see `load_recognizer`.

    Raises:
        ArgumentError: If both or neither are given, or a checkpoint of a `model` is requested.
        DataError: If it cannot be read.
    """
    path = require_one_source(workdir, model, checkpoint)
    return load_recognizer(path, checkpoint) if workdir else load_keras(path)


def require_one_source(
    workdir: str | Path | None, model: str | Path | None, checkpoint: str
) -> Path:
    """Returns the path that is given, `workdir` or `model`.

    Raises:
        ArgumentError: If both or neither are given, or a checkpoint of a `model` is requested.
        DataError: If the `model` does not exist.
    """
    path = workdir or model
    if not path:
        raise ArgumentError("Missing flag: --workdir=RUN or --model=FILE, the recognizer.")
    if workdir and model:
        raise ArgumentError(
            "Arguments 'workdir' and 'model' exclude each other. "
            f"Received: workdir={str(workdir)!r}, model={str(model)!r}"
        )
    if model and checkpoint != "final":
        raise ArgumentError(
            f"--checkpoint={checkpoint} selects a state of a --workdir: a --model has only one."
        )
    if model and not Path(path).exists():
        raise DataError(f"Model {path} does not exist.")
    return Path(path)


def _assign(variables: list[Any], arrays: Mapping[str, np.ndarray], group: str) -> None:
    """Assigns the arrays `group/0000`, `group/0001`, …, the names that `Trainer.state` gives."""
    expected = {f"{group}/{i:04d}": variable for i, variable in enumerate(variables)}
    shapes = {n: array.shape for n, array in arrays.items() if n.startswith(f"{group}/")}
    if shapes != {name: tuple(variable.shape) for name, variable in expected.items()}:
        raise DataError(
            "The checkpoint's variables are not those of this model: it was written by another "
            "configuration or version."
        )
    for name, variable in expected.items():
        variable.assign(arrays[name])
