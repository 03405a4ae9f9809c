"""What an interrupted alignment had done: a line for every photograph that is finished."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facerec_tf.alignment import Face
from facerec_tf.core.errors import DataError, UserError
from facerec_tf.photographs.outcome import Outcome

PROGRESS_FILE = ".journal"


class Entry(NamedTuple):
    """What became of one photograph.

    Attributes:
        stamp: Size in bytes and time of change in nanoseconds of the photograph then.
        crops: Names of its crops.
        numbers: float32 `[crops, 15]`: box, score and landmarks of each, flat.
        reason: Why there are none, or None.
        is_damaged: Whether that is because the photograph cannot be read.
    """

    stamp: tuple[int, int]
    crops: tuple[str, ...]
    numbers: np.ndarray
    reason: str | None
    is_damaged: bool


class ProgressFile:
    """A file that only grows: its first line tells the options, each other line one photograph.

    A line that an interruption cut short counts as not written.

    Args:
        folder: Folder it lies in, which exists.
        options: What the crops depend on; a journal of others cannot be continued.

    Attributes:
        entries: Photograph's name → what became of it.

    Raises:
        UserError: If the journal there was begun with other options.
        DataError: If it is damaged.
    """

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.entries: dict[str, Entry] = {}
        self._path = folder / PROGRESS_FILE
        options = json.loads(json.dumps(options))
        if self._path.is_file():
            self._load(folder, options)
        self._file = self._path.open("a", encoding="utf-8")
        if self._file.tell() == 0:
            self._write(options)

    def add(self, outcome: Outcome, stamp: tuple[int, int]) -> None:
        """Notes what became of a photograph, once its crops are on the disk."""
        faces = {crop.name: _numbers(crop.face) for crop in outcome.crops}
        fields = (stamp, faces, outcome.reason, outcome.is_damaged)
        before = self.entries.get(outcome.photo.name)
        if before and outcome.reason and (before.stamp, before.reason) == (stamp, outcome.reason):
            return  # Tried again, in vain.
        self._write([outcome.photo.name, *fields])
        self.entries[outcome.photo.name] = _entry(*fields)

    def close(self) -> None:
        """Closes the file."""
        self._file.close()

    def _load(self, folder: Path, options: Mapping[str, Any]) -> None:
        content = self._path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self._path, len(whole))
        try:
            begun, *lines = map(json.loads, whole.splitlines()) if whole else (options,)
            self.entries = {name: _entry(*fields) for name, *fields in lines}
        except (ValueError, TypeError) as error:
            raise DataError(
                f"'{self._path}' is damaged ({error}): remove folder '{folder}' and begin anew."
            ) from None
        if begun != options:
            changed = sorted(key for key in options if begun.get(key) != options[key])
            raise UserError(
                f"Folder '{folder}' was begun with "
                + ", ".join(f"{key} {begun.get(key)} (now {options[key]})" for key in changed)
                + ": repeat these, or choose another --output."
            )

    def _write(self, fields: Any) -> None:
        self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        self._file.flush()


def _numbers(face: Face) -> list[float]:
    flat = [*face.box.tolist(), face.score, *face.landmarks.ravel().tolist()]
    return [round(number, 4) for number in flat]


def _entry(stamp: Sequence[int], faces: dict, reason: str | None, is_damaged: bool) -> Entry:
    numbers = np.array([*faces.values()], np.float32).reshape(len(faces), 15)
    return Entry(tuple(stamp), tuple(faces), numbers, reason, is_damaged)
