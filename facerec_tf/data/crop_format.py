"""The format that all images of a folder of records share."""

from __future__ import annotations

import dataclasses
import os

from facerec_tf.core.errors import DataError


@dataclasses.dataclass(frozen=True)
class CropFormat:
    """Size and alignment of face crops.

    Attributes:
        image_size: Height and width in pixels.
        alignment: Name of the landmark template that the crops follow, or "unknown".
    """

    image_size: tuple[int, int] = (112, 112)
    alignment: str = "unknown"


#: The default format of records.
UNKNOWN_112 = CropFormat()


def require_image_size(
    directory: str | os.PathLike, image_size: tuple[int, int], expected: tuple[int, int]
) -> None:
    """Raises `DataError` unless the images of a folder have the size that a model takes.

    Args:
        directory: The folder, for the message.
        image_size: Height and width of its images in pixels.
        expected: Height and width that the model takes.
    """
    if image_size != expected:
        found, wanted = ("×".join(map(str, size)) for size in (image_size, expected))
        raise DataError(
            f"Images of '{directory}' are {found} pixels, but the model takes {wanted}."
        )
