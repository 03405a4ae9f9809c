"""The parity cases for every implementation, and the file of results.

Depends on NumPy and absl only, because facerec_tf is not installed here. The file contains arrays
named `CASE/ARRAY`, and for each case `CASE/options`, the `Case` as JSON with the names of its
arrays. `tests/parity` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from absl import app, flags

_OUTPUT = flags.DEFINE_string("output", None, "The .npz file to write.", required=True)

DIM = 8
CLASSES = 6
STEPS = 8


class Case(NamedTuple):
    """One case and one implementation.

    Attributes:
        name: Name of the case in the file.
        theirs: Name of the other implementation.
        ours: Name → arguments, in our units, of each function of ours that must give equal results.
        factor: Factor from their value and gradients to ours.
    """

    name: str
    theirs: str
    ours: dict[str, dict[str, Any]]
    factor: float = 1.0


class Batch(NamedTuple):
    """Embeddings `[batch, DIM]` of various lengths, labels `[batch]`, centres `[DIM, columns]`."""

    embeddings: np.ndarray
    labels: np.ndarray
    centres: np.ndarray

    def head(self, size: int) -> Batch:
        """Returns the first `size` embeddings; some classes then have a single one."""
        return self._replace(embeddings=self.embeddings[:size], labels=self.labels[:size])


class Descent(NamedTuple):
    """Initial weights `[12]`, and the gradients `[STEPS, 12]` of the steps."""

    weights: np.ndarray
    gradients: np.ndarray


class Recording:
    """Collects cases, and writes them to one file."""

    def __init__(self) -> None:
        self._arrays: dict[str, np.ndarray] = {}
        self._keys: dict[tuple, str] = {}
        self._cases = 0

    def add(self, case: Case, arrays: Mapping[str, Any]) -> None:
        """Adds a case with its arrays: inputs and results."""
        if f"{case.name}/options" in self._arrays:
            raise ValueError(f"Two cases are called '{case.name}'.")
        keys = {name: self._store(f"{case.name}/{name}", a) for name, a in arrays.items()}
        options = {**case._asdict(), "arrays": keys}
        self._arrays[f"{case.name}/options"] = np.array(json.dumps(options))
        self._cases += 1

    def save(self, path: Path) -> None:
        """Writes the file, and prints its number of cases and size."""
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path, **self._arrays)
        print(f"Wrote {self._cases} cases to '{path}', {path.stat().st_size / 1024:.0f} KB.")

    def _store(self, key: str, array: Any) -> str:
        """Returns the key of an array; inputs that cases share are stored once."""
        array = np.array(array)
        content = (array.dtype.str, array.shape, array.tobytes())
        if content not in self._keys:
            self._keys[content] = key
            self._arrays[key] = array
        return self._keys[content]


def make_batch(
    seed: int,
    images: int = 4,
    pull: tuple[float, float] = (0.0, 1.5),
    columns: int = CLASSES,
) -> Batch:
    """Draws a batch of `images` embeddings for each of `CLASSES` classes, shuffled.

    Args:
        seed: Seed of the random numbers.
        images: Number of embeddings per class.
        pull: Displacement of the first and the last embedding towards the centre of their class; a
            negative one gives target angles near π.
        columns: Number of centres; embeddings are near the first `CLASSES` of them.
    """
    generator = np.random.default_rng(seed)
    labels = generator.permutation(np.repeat(np.arange(CLASSES), images))
    centres = generator.normal(size=(DIM, columns))
    own = (centres / np.linalg.norm(centres, axis=0)).T[labels]
    strength = np.linspace(*pull, len(labels))[:, np.newaxis]
    embeddings = strength * own + 0.25 * generator.normal(size=own.shape)
    embeddings *= generator.uniform(0.5, 3.0, size=(len(labels), 1))
    return Batch(_round(embeddings), labels.astype(np.int32), _round(centres))


def make_descent(seed: int) -> Descent:
    """Draws weights and gradients."""
    generator = np.random.default_rng(seed)
    return Descent(_round(generator.normal(size=12)), _round(generator.normal(size=(STEPS, 12))))


def run(record: Callable[[Recording], None]) -> None:
    """Parses the command line, calls `record` to add cases, and writes them to `--output`."""

    def main(arguments: list[str]) -> None:
        if len(arguments) > 1:
            raise app.UsageError(f"Unexpected argument {arguments[1]!r}: options begin with --.")
        recording = Recording()
        record(recording)
        recording.save(Path(_OUTPUT.value))

    app.run(main)


def _round(array: np.ndarray) -> np.ndarray:
    """Returns float64 values that float32 represents exactly: some libraries use float32 only."""
    return array.astype(np.float32).astype(np.float64)
