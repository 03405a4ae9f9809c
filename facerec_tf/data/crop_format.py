"""The format that all images of a folder of records share."""

from __future__ import annotations

import dataclasses


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
