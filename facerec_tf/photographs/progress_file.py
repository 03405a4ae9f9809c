"""The progress file of an alignment: one line per finished photograph, so that it can resume."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from facerec_tf.core.errors import DataError, UserError
from facerec_tf.core.quote import reason
from facerec_tf.photographs.crop import Crop
from facerec_tf.photographs.crop_result import CropResult

PROGRESS_FILE = ".journal"

#: Size in bytes and time of change in nanoseconds of a photograph: they differ once it changed.
Stamp = tuple[int, int]


class FinishedPhoto(NamedTuple):
    """The result of one photograph, without the pixels.

    Attributes:
        stamp: Stamp of the photograph when it was read.
        crops: Names of its crops.
        faces: float32 `[crops, 15]`: box, score and landmarks of each.
        reason: Why there are no crops, or None.
        is_damaged: Whether the reason is that the photograph cannot be read or decoded.
    """

    stamp: Stamp
    crops: tuple[str, ...]
    faces: np.ndarray
    reason: str | None
    is_damaged: bool


class ProgressFile:
    """An append-only file: the options in the first line, then one finished photograph per line.

    A last line without an end, as an interruption leaves it, is ignored and removed.

    Args:
        folder: Existing folder of the file.
        options: The options that the crops depend on. A file written with other options is refused.

    Attributes:
        finished: Name of the photograph → its result.

    Raises:
        UserError: If an existing file was written with other options.
        DataError: If an existing file is damaged.
    """

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        self.finished: dict[str, FinishedPhoto] = {}
        self._path = folder / PROGRESS_FILE
        options = json.loads(json.dumps(options))
        if self._path.is_file():
            self._load(folder, options)
        self._file = self._path.open("a", encoding="utf-8")
        if self._file.tell() == 0:
            self._write(options)

    def add(self, result: CropResult, stamp: Stamp) -> None:
        """Appends the result of a photograph, whose crops must be on disk already."""
        name, reason = result.photo.name, result.reason
        before = self.finished.get(name)
        if before and reason and (before.stamp, before.reason) == (stamp, reason):
            return  # Tried again with the same result, which is on file.
        faces = {crop.name: _numbers(crop) for crop in result.crops}
        self._write([name, stamp, faces, reason, result.is_damaged])
        self.finished[name] = _finished(stamp, faces, reason, result.is_damaged)

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
            if not isinstance(begun, dict):
                raise ValueError("its first line must be a JSON object")
            self.finished = {name: _finished(*fields) for name, *fields in lines}
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            raise DataError(
                f"Progress file '{self._path}' is damaged: {reason(error)}. Remove folder "
                f"'{folder}' and start again."
            ) from None
        if begun != options:
            changed = sorted(key for key in options if begun.get(key) != options[key])
            raise UserError(
                f"Folder '{folder}' was started with "
                + ", ".join(f"{key} {begun.get(key)} (now {options[key]})" for key in changed)
                + ": use the same options, or choose another --output."
            )

    def _write(self, fields: Any) -> None:
        self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        self._file.flush()


def _numbers(crop: Crop) -> list[float]:
    """Returns box, score and landmarks of the face in a crop, 15 numbers."""
    face = crop.face
    if face is None:
        raise ValueError(f"Crop '{crop.name}' was not made by a detector.")
    flat = [*face.box.tolist(), face.score, *face.landmarks.ravel().tolist()]
    return [round(number, 4) for number in flat]


def _finished(
    stamp: Sequence[int], faces: dict, reason: str | None, is_damaged: bool
) -> FinishedPhoto:
    size, changed = stamp
    numbers = np.array([*faces.values()], np.float32).reshape(len(faces), 15)
    return FinishedPhoto((size, changed), tuple(faces), numbers, reason, is_damaged)
