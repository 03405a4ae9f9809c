"""Checkpoints of a run: whole or absent, the last few and the best."""

from __future__ import annotations

import dataclasses
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from facerec_tf.core.chief import emit
from facerec_tf.core.errors import DataError, reason
from facerec_tf.core.files import atomic_directory, read_json
from facerec_tf.core.zip_files import require_intact_zip


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
            DataError: If the file is missing or damaged.
        """
        self.require_intact()
        try:
            with np.load(self.variables, allow_pickle=False) as arrays:
                return dict(arrays)
        except Exception as error:  # NumPy raises errors of many classes for damaged headers.
            raise DataError(
                f"Checkpoint {self.variables} cannot be read: {reason(error)}."
            ) from error

    @property
    def variables(self) -> Path:
        """Path of the variables."""
        return self.path / "variables.npz"

    def require_intact(self) -> None:
        """Raises `DataError` unless the variables match their checksums; reads them once."""
        require_intact_zip(self.variables, f"Checkpoint {self.variables}")


class Checkpoints:
    """Writes checkpoints under one folder, and keeps the latest few and the best.

    A checkpoint is a folder that appears by one rename, so a killed process leaves none half
    written. Which one is latest, and which best, is read from the files in them.

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
        """Writes a checkpoint and removes those no longer wanted."""
        path = self.directory / f"step-{step:08d}"
        state: dict[str, Any] = {"step": step, "metric": metric}
        with atomic_directory(path) as folder:
            arrays: Any = variables  # NumPy types its keywords as bool, for `allow_pickle`.
            np.savez(folder / "variables.npz", **arrays)
            (folder / "state.json").write_text(json.dumps(state) + "\n")
        self._prune()
        return Checkpoint(path, step, metric)

    def all(self) -> list[Checkpoint]:
        """Returns every checkpoint whose `state.json` can be read, in order of steps."""
        return self._read()[0]

    def latest(self) -> Checkpoint | None:
        """Returns the intact checkpoint of the most steps, or None if there are no checkpoints.

        Prints a warning for every damaged one that it passes over.

        Raises:
            DataError: If there are checkpoints, but all are damaged.
        """
        checkpoints, faults = self._read()
        intact = None
        while checkpoints and intact is None:
            last = checkpoints.pop()
            try:
                last.require_intact()
                intact = last
            except DataError as error:
                faults.append(error)
        if faults and intact is None:
            raise faults[0]
        for fault in faults:
            emit(f"warning: {fault} It is skipped.", file=sys.stderr)
        return intact

    def best(self) -> Checkpoint | None:
        """Returns the checkpoint of the highest metric, the earlier of equals, if there is one."""
        measured = [c for c in self.all() if c.metric is not None]
        return max(measured, key=lambda c: (c.metric, -c.step), default=None)

    def _read(self) -> tuple[list[Checkpoint], list[DataError]]:
        """Returns the checkpoints in order of steps, and the faults of those without a state."""
        found, faults = [], []
        for file in self.directory.glob("step-*/state.json"):
            try:
                found.append(Checkpoint(file.parent, **_read_state(file)))
            except DataError as error:
                faults.append(error)
        return sorted(found, key=lambda checkpoint: checkpoint.step), faults

    def _prune(self) -> None:
        checkpoints, best = self.all(), self.best()
        for checkpoint in checkpoints[: -self.keep]:
            if checkpoint != best:
                shutil.rmtree(checkpoint.path)
        for unfinished in self.directory.glob(".step-*"):  # By a process that was killed.
            shutil.rmtree(unfinished)


def _read_state(file: Path) -> dict[str, Any]:
    """Returns step and metric of a checkpoint."""
    state = read_json(file, "checkpoint state")
    step, metric = state.get("step"), state.get("metric", 0.0)
    is_valid = state.keys() == {"step", "metric"} and type(step) is int and step >= 0
    if not (is_valid and (metric is None or type(metric) in (int, float))):
        raise DataError(f"Checkpoint state '{file}' must hold step and metric. Found: {state}")
    return state
