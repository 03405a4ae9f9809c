"""Crops at given landmarks, without a detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from facerec_tf.alignment import ARCFACE_112, Template, crop
from facerec_tf.core.errors import ArgumentError, DataError, require_between
from facerec_tf.core.files import read_csv
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.photographs.crop import Crop, crop_name
from facerec_tf.photographs.photo import Photo
from facerec_tf.photographs.photo_limits import DEFAULT_LIMITS, PhotoLimits

#: No photograph is larger than that.
_MAX_COORDINATE = 1_000_000

#: Characters of a damaged line that a message quotes.
_QUOTED = 100


class LandmarkCropper:
    """Crops the face whose landmarks are given from each photograph.

    Args:
        landmarks: Name of the photograph → float `[5, 2]`, x and y in pixels, in the order of
            `Face.landmarks`.
        template: Target positions of the landmarks, and the size of the crops.
        jpeg_quality: Quality of the crops, 1 to 100.
        limits: The largest photographs that are used.

    Raises:
        ArgumentError: If `jpeg_quality` is not between 1 and 100.
    """

    def __init__(
        self,
        landmarks: Mapping[str, np.ndarray],
        template: Template = ARCFACE_112,
        jpeg_quality: int = 95,
        limits: PhotoLimits = DEFAULT_LIMITS,
    ) -> None:
        require_between("jpeg_quality", jpeg_quality, 1, 100)
        self._landmarks = landmarks
        self._template = template
        self._quality = jpeg_quality
        self._limits = limits

    def __call__(self, photo: Photo) -> list[Crop]:
        """Returns the crop of the face in `photo`.

        Raises:
            UnreadableError: If the photograph cannot be read or decoded.
            DataError: If its landmarks are missing or cannot be those of a face.
        """
        if photo.name not in self._landmarks:
            raise DataError(f"The landmarks have no row for image '{photo.name}'.")
        try:
            aligned = crop(
                self._limits.decode(self._limits.read(photo)),
                self._landmarks[photo.name],
                self._template,
            )
        except ArgumentError as error:
            raise DataError(f"The landmarks of image '{photo.name}' are invalid. {error}") from None
        encoded = encode_jpeg(aligned, self._quality)
        return [Crop(crop_name(photo.name), photo.person, encoded, None)]


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """Reads a CSV file of landmarks: image, then x and y of five points; more columns are ignored.

    Returns:
        Name of the photograph → float64 `[5, 2]`.

    Raises:
        DataError: If the file cannot be read, lacks columns, has a damaged row, coordinates that no
            photograph has, or two rows for one image; names the line.
    """
    (_, header), *rows = read_csv(path, "landmark file") or [(0, [])]
    if len(header) < 11 or header[0] != "image":
        raise DataError(
            f"Landmark file '{path}' must have the columns image and ten coordinates. "
            f"Found: {','.join(header)}"
        )
    landmarks: dict[str, np.ndarray] = {}
    for line, row in rows:
        if not row:
            continue
        where = f"Line {line} of landmark file '{path}'"
        name, coordinates = row[0], row[1:11]
        try:
            points = np.array(coordinates, np.float64).reshape(5, 2)
        except ValueError as error:
            raise DataError(f"{where} must be image and ten coordinates: {error}.") from None
        if not (np.abs(points) <= _MAX_COORDINATE).all():  # Also if one is not a number.
            raise DataError(
                f"{where} must have coordinates of up to ±{_MAX_COORDINATE:,} pixels. "
                f"Found: {','.join(coordinates)[:_QUOTED]}"
            )
        if name in landmarks:
            raise DataError(f"{where} repeats the image '{name[:_QUOTED]}' of an earlier line.")
        landmarks[name] = points
    return landmarks
