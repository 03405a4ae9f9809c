"""Crops at given landmarks, without a detector."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from facerec_tf.alignment import ARCFACE_112, Template, crop
from facerec_tf.core.errors import ArgumentError, DataError, require_between
from facerec_tf.core.files import read_csv
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.photographs.crop import Crop, crop_name
from facerec_tf.photographs.photo import Photo


class LandmarkCropper:
    """Crops the face whose landmarks are given from each photograph.

    Args:
        landmarks: Name of the photograph → float `[5, 2]`, x and y in pixels, in the order of
            `Face.landmarks`.
        template: Target positions of the landmarks, and the size of the crops.
        jpeg_quality: Quality of the crops, 1 to 100.

    Raises:
        ArgumentError: If `jpeg_quality` is not between 1 and 100.
    """

    def __init__(
        self,
        landmarks: Mapping[str, np.ndarray],
        template: Template = ARCFACE_112,
        jpeg_quality: int = 95,
    ) -> None:
        require_between("jpeg_quality", jpeg_quality, 1, 100)
        self._landmarks = landmarks
        self._template = template
        self._quality = jpeg_quality

    def __call__(self, photo: Photo) -> list[Crop]:
        """Returns the crop of the face in `photo`.

        Raises:
            UnreadableError: If the photograph cannot be read or decoded.
            DataError: If its landmarks are missing or cannot be those of a face.
        """
        if photo.name not in self._landmarks:
            raise DataError(f"The landmarks have no row for image '{photo.name}'.")
        try:
            aligned = crop(decode_photo(photo.read()), self._landmarks[photo.name], self._template)
        except ArgumentError as error:
            raise DataError(f"The landmarks of image '{photo.name}' are invalid. {error}") from None
        encoded = encode_jpeg(aligned, self._quality)
        return [Crop(crop_name(photo.name), photo.person, encoded, None)]


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """Reads a CSV file of landmarks: image, then x and y of five points; more columns are ignored.

    Returns:
        Name of the photograph → float64 `[5, 2]`.

    Raises:
        DataError: If the file cannot be read, lacks columns, or has a damaged row; names the line.
    """
    (_, header), *rows = read_csv(path, "landmark file") or [(0, [])]
    if len(header) < 11 or header[0] != "image":
        raise DataError(
            f"Landmark file '{path}' must have the columns image and ten coordinates. "
            f"Found: {','.join(header)}"
        )
    landmarks = {}
    for line, row in rows:
        try:
            if row:
                landmarks[row[0]] = np.array(row[1:11], np.float64).reshape(5, 2)
        except ValueError as error:
            raise DataError(
                f"Line {line} of landmark file '{path}' must be image and ten coordinates: {error}."
            ) from None
    return landmarks
