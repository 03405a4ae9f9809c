"""Crops by landmarks that somebody else found."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from facerec_tf.alignment import ARCFACE_112, Template, crop
from facerec_tf.core.errors import ArgumentError, DataError, require_between
from facerec_tf.data.codec import encode_jpeg
from facerec_tf.data.photo import decode_photo
from facerec_tf.photographs.crops import Crop, crop_name
from facerec_tf.photographs.photo import Photo


class LandmarkCropper:
    """Cuts out of each photograph the face whose landmarks are given.

    Args:
        landmarks: Photograph's name → float `[5, 2]`, x and y in pixels.
        template: Where they go, and the size of the crops.
        jpeg_quality: Of the crops, 1 to 100.

    Raises:
        ArgumentError: If `jpeg_quality` is out of its range.
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
            UnreadableError: If it cannot be read or decoded.
            DataError: If there are no landmarks for it, or they fit no face.
        """
        if photo.name not in self._landmarks:
            raise DataError(f"The landmarks hold no row for image '{photo.name}'.")
        try:
            aligned = crop(decode_photo(photo.read()), self._landmarks[photo.name], self._template)
        except ArgumentError as error:
            raise DataError(f"The landmarks of image '{photo.name}' fit no face. {error}") from None
        encoded = encode_jpeg(aligned, self._quality)
        return [Crop(crop_name(photo.name), photo.person, encoded, None)]


def read_landmarks(path: Path) -> dict[str, np.ndarray]:
    """Returns the five points, float64 `[5, 2]`, of each image named in the CSV at `path`.

    Raises:
        DataError: If it cannot be read or lacks the columns image and ten coordinates.
    """
    try:
        with open(path, newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        if len(header) < 11 or header[0] != "image":
            raise DataError(f"Landmarks '{path}' must have the columns image and ten coordinates.")
        return {row[0]: np.array(row[1:11], np.float64).reshape(5, 2) for row in rows if row}
    except OSError as error:
        raise DataError(f"Cannot read landmarks '{path}': {error.strerror}.") from None
    except ValueError as error:
        raise DataError(f"Landmarks '{path}' are damaged: {error}.") from None
