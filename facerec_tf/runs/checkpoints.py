"""Checkpoints of a run: whole or absent, the last few and the best."""

from __future__ import annotations

import dataclasses
import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.core.files import atomic_directory, read_json
from facerec_tf.core.quote import reason, shorten
from facerec_tf.core.zip_files import require_intact_zip
from facerec_tf.runs.writing import writing


@dataclasses.dataclass(frozen=True)
class Checkpoint:
    """One checkpoint on disk.

    Attributes:
        path: Its folder.
        step: Steps taken when it was written.
        metric: Verification accuracy at this step, if measured.
    """

    path: Path
    step: int
    metric: float | None

    def load(self) -> dict[str, np.ndarray]:
        """Returns the variables by name.

        Raises:
            DataError: If the file is missing, or does not match its checksums.
        """
        path = self.path / "variables.npz"
        require_intact_zip(path, f"Checkpoint {path}")
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return dict(arrays)
        except Exception as error:  # A manipulated archive raises many classes of errors.
            raise DataError(f"Checkpoint {path} cannot be read: {reason(error)}.") from error


class Checkpoints:
    """Writes checkpoints under one folder, and keeps the latest few and the best.

    A checkpoint is a folder that appears by one rename, so a killed process leaves none half
    written. Which one is latest, and which best, is read from the files in them. One whose
    `state.json` is damaged is in `faults` only.

    Args:
        directory: Folder of the checkpoints.
        keep: How many of the latest to keep, beside the one of the highest metric.
    """

    def __init__(self, directory: Path, keep: int = 3) -> None:
        self.directory = Path(directory)
        self.keep = keep

    def save(
        self, variables: Mapping[str, np.ndarray], step: int, metric: float | None = None
    ) -> Checkpoint:
        """Writes a checkpoint and removes those no longer wanted.

        Raises:
            UserError: If it cannot be written. Earlier checkpoints are kept.
        """
        path = self.directory / f"step-{step:08d}"
        state: dict[str, Any] = {"step": step, "metric": metric}
        with writing(path), atomic_directory(path, durable=True) as folder:
            arrays: Any = variables  # NumPy types its keywords as bool, for `allow_pickle`.
            np.savez(folder / "variables.npz", **arrays)
            (folder / "state.json").write_text(json.dumps(state) + "\n")
        self._prune()
        return Checkpoint(path, step, metric)

    def all(self) -> list[Checkpoint]:
        """Returns every whole checkpoint, in order of steps."""
        found = [c for c in self._read() if isinstance(c, Checkpoint)]
        return sorted(found, key=lambda checkpoint: checkpoint.step)

    def faults(self) -> list[DataError]:
        """Returns why each checkpoint that is not in `all` cannot be used, in order of steps."""
        return [error for error in self._read() if isinstance(error, DataError)]

    def latest(self) -> Checkpoint | None:
        """Returns the checkpoint of the most steps, if there is one."""
        return max(self.all(), key=lambda c: c.step, default=None)

    def best(self) -> Checkpoint | None:
        """Returns the checkpoint of the highest metric, the earlier of equals, if there is one."""
        measured = [c for c in self.all() if c.metric is not None]
        return max(measured, key=lambda c: (c.metric, -c.step), default=None)

    def _read(self) -> list[Checkpoint | DataError]:
        found: list[Checkpoint | DataError] = []
        for folder in sorted(self.directory.glob("step-*")):
            try:
                found.append(_read_checkpoint(folder))
            except DataError as error:
                found.append(error)
        return found

    def _prune(self) -> None:
        checkpoints, best = self.all(), self.best()
        for checkpoint in checkpoints[: -self.keep]:
            if checkpoint != best:
                shutil.rmtree(checkpoint.path)
        for unfinished in self.directory.glob(".step-*"):  # By a process that was killed.
            shutil.rmtree(unfinished, ignore_errors=True)


def _read_checkpoint(folder: Path) -> Checkpoint:
    """Returns the checkpoint in `folder`; raises `DataError` if its `state.json` is damaged."""
    path = folder / "state.json"
    state = read_json(path, "checkpoint state")
    step, metric = state.get("step"), state.get("metric")
    is_metric = metric is None or (isinstance(metric, float | int) and math.isfinite(metric))
    if type(step) is not int or step < 0 or not is_metric or isinstance(metric, bool):
        raise DataError(
            f"Checkpoint state '{path}' must hold a step and a metric, a number or null. "
            f"Found: {shorten(state, 200)}"
        )
    return Checkpoint(folder, step, metric)
