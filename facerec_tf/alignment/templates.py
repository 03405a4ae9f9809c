"""Templates: the positions of the five landmarks in an aligned crop."""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.core.errors import require_between


@dataclasses.dataclass(frozen=True, eq=False)
class Template:
    """Size of an aligned crop and the positions of its landmarks.

    Attributes:
        name: Name in flags and manifests.
        size: Height and width of the crop in pixels.
        points: float64 `[5, 2]`: x and y in pixels of the image-left eye, the image-right eye, the
            nose, the image-left and the image-right corner of the mouth.
    """

    name: str
    size: tuple[int, int]
    points: np.ndarray

    def __post_init__(self) -> None:
        self.points.setflags(write=False)


#: In a crop of 112x112 pixels: InsightFace's `face_align.py`, for ArcFace (arXiv 1801.07698).
_ARCFACE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)

#: Relative to the middle of MTCNN's box, in units of the box's √area: the median of 200 photographs
#: of LFW, made symmetric. davidsandberg/facenet crops these boxes and stretches them to a square.
_IN_BOX = np.array(
    [[-0.2017, -0.1315], [0.2017, -0.1315], [0.0, 0.1026], [-0.1779, 0.2945], [0.1779, 0.2945]]
)

#: Margin around the box, both sides together, as a share of the crop: davidsandberg/facenet's
#: `--margin 32` of 160 pixels.
_FACENET_MARGIN = 32 / 160

#: Height and width of the inputs of FaceNet's networks (arXiv 1503.03832, table 3) and of their
#: later implementations.
FACENET_SIZES = ((160, 160), (220, 220), (224, 224), (96, 96), (165, 165), (140, 116))


def facenet_template(size: tuple[int, int], margin: float | None = None) -> Template:
    """Returns the template of FaceNet's crops: MTCNN's box and a margin.

    Crops by this template are turned upright and never stretched, unlike those of the box itself;
    the face has the same size on average.

    Args:
        size: Height and width of the crop in pixels.
        margin: Pixels of the crop around the box, both sides together; by default a fifth of the
            crop's side.

    Raises:
        ArgumentError: If `margin` leaves no room for the face.
    """
    height, width = size
    name = "facenet-" + (f"{height}" if height == width else f"{height}x{width}")
    side = float(np.sqrt(height * width))
    if margin is None:
        margin = _FACENET_MARGIN * side
    else:
        require_between("margin", margin, 0, min(size) / 2)
        name += f"-margin{margin:g}"
    points = _IN_BOX * (side - margin) + np.array([width / 2, height / 2])
    return Template(name, size, points)


ARCFACE_112 = Template("arcface-112", (112, 112), _ARCFACE)

#: SphereFace's crops: ArcFace's without 8 columns at either side.
ARCFACE_112X96 = Template("arcface-112x96", (112, 96), _ARCFACE - [8, 0])
