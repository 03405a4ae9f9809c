"""Where the five points of a face lie in its crop."""

from __future__ import annotations

import dataclasses

import numpy as np

from facerec_tf.core.errors import require_between


@dataclasses.dataclass(frozen=True, eq=False)
class Template:
    """The places that a face's landmarks are brought to.

    Attributes:
        name: As manifests record it.
        size: Height and width of the crop in pixels.
        points: float64 `[5, 2]`: x and y in pixels of the eye on the image's left, that on its
            right, the nose, and the corners of the mouth on the image's left and right.
    """

    name: str
    size: tuple[int, int]
    points: np.ndarray

    def __post_init__(self) -> None:
        self.points.setflags(write=False)


#: In a 112x112 crop (ArcFace's public implementation).
_ARCFACE = np.array(
    [
        [38.2946, 51.6963],
        [73.5318, 51.5014],
        [56.0252, 71.7366],
        [41.5493, 92.3655],
        [70.7299, 92.2041],
    ]
)

#: Relative to the middle of MTCNN's box, in units of its √area: the median of 200 photographs of
#: LFW, made symmetric. FaceNet's crops are such boxes, and its trainers stretch them to a square.
_IN_BOX = np.array(
    [[-0.2017, -0.1315], [0.2017, -0.1315], [0.0, 0.1026], [-0.1779, 0.2945], [0.1779, 0.2945]]
)

#: Pixels that FaceNet's trainers leave around the box, both sides together, of a crop of 160.
_FACENET_MARGIN = 32 / 160

#: Height and width of the inputs of FaceNet's networks (paper, table 3, and its later trainers').
_FACENET_SIZES = ((160, 160), (220, 220), (224, 224), (96, 96), (165, 165), (140, 116))


def facenet_template(size: tuple[int, int], margin: float | None = None) -> Template:
    """Returns the template of FaceNet's crops: MTCNN's box and a margin.

    Unlike its trainers' crops, those by this template are turned upright and never stretched: the
    face is as large as in theirs on average.

    Args:
        size: Height and width of the crop in pixels.
        margin: Pixels of the crop around the box, both sides together; by default 32 of 160.

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

#: Name → template, as flags and manifests have it. 112x96 is SphereFace's, 112x112 less its sides.
TEMPLATES: dict[str, Template] = {
    template.name: template
    for template in (
        ARCFACE_112,
        Template("arcface-112x96", (112, 96), _ARCFACE - [8, 0]),
        *map(facenet_template, _FACENET_SIZES),
    )
}
