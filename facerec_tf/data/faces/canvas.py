"""The sheet a face is drawn on: projection, light and a few strokes.

Parts of the face speak *head coordinates* (see `facerec_tf.data.synthetic`). A `View` turns the
head, looks at it and aligns it as a face detector's five landmarks would; a `Sheet` lights colours
and paints at twice the crop's size, which is averaged down at the end.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np

from facerec_tf.data.faces.identity import Identity
from facerec_tf.data.faces.nuisance import Nuisance

SIZE = 112
SUPERSAMPLE = 2
GRID = 56  # light varies softly: half the crop's resolution is enough
HEAD_DEPTH = 34.0
# InsightFace's five points: eyes, nose, mouth corners, in crop pixels.
TEMPLATE = np.array(
    [(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655),
     (70.7299, 92.2041)]
)  # fmt: skip
_SHIFT = 4  # fractional bits of cv2's coordinates
NOISE = np.random.default_rng(112).standard_normal(1 << 17).astype(np.float32)


class View:
    """Turns head coordinates into canvas pixels.

    The head is rotated (roll, then pitch, then yaw), seen without perspective, and moved by the
    least-squares similarity that brings its five landmarks to `TEMPLATE`, then misaligned a little.

    Args:
        identity: the person, whose landmarks are aligned.
        nuisance: pose and misalignment.
    """

    def __init__(self, identity: Identity, nuisance: Nuisance) -> None:
        radii = np.array((identity.head_width * 1.05, identity.chin_y * 1.5))
        self._curvature = 1 / radii**2
        cos, sin = np.cos, np.sin
        yaw, pitch, roll = nuisance.yaw, nuisance.pitch, nuisance.roll
        # Rows of yaw @ pitch: x and y of a turned point; the turned z is not needed.
        turn = np.array(
            (
                (cos(yaw), -sin(yaw) * sin(pitch), sin(yaw) * cos(pitch)),
                (0.0, cos(pitch), sin(pitch)),
            )
        )
        mouth = identity.mouth_width
        landmarks = self.lift(
            np.array(
                (
                    (-identity.eye_x, identity.eye_y),
                    (identity.eye_x, identity.eye_y),
                    (0.0, identity.nose_y),
                    (-mouth, identity.mouth_y),
                    (mouth, identity.mouth_y),
                )
            ),
            np.array((0.0, 0.0, identity.nose_projection, 0.0, 0.0)),
        )
        seen = landmarks @ turn.T @ (1, 1j)
        target = TEMPLATE @ (1, 1j)
        seen_mean, target_mean = seen.mean(), target.mean()
        seen -= seen_mean
        zoom = (seen.conj() @ (target - target_mean)) / (seen.conj() @ seen).real
        zoom *= nuisance.scale * np.exp(1j * roll)
        shift = target_mean - zoom * seen_mean + complex(*nuisance.shift)
        similarity = np.array(((zoom.real, -zoom.imag), (zoom.imag, zoom.real)))
        self._matrix = (SUPERSAMPLE * similarity @ turn).T
        self._offset = SUPERSAMPLE * np.array((shift.real, shift.imag))
        self.zoom = SUPERSAMPLE * abs(zoom)  # canvas pixels per head unit

    def lift(self, points: np.ndarray, height: np.ndarray | float = 0.0) -> np.ndarray:
        """Puts flat points on the head's rounded front.

        Args:
            points: float `[n, 2]`, x and y in head coordinates.
            height: float `[n]` or a number, added to z.

        Returns:
            float `[n, 3]`.
        """
        lifted = np.empty((len(points), 3))
        lifted[:, :2] = points
        inside = 1 - (points * points) @ self._curvature
        lifted[:, 2] = HEAD_DEPTH * np.sqrt(np.maximum(inside, 0.0)) + height
        return lifted

    def project(self, points: np.ndarray) -> np.ndarray:
        """Returns the canvas pixels `[n, 2]` of head points `[n, 3]`."""
        return points @ self._matrix + self._offset

    def surface(self, points: np.ndarray, height: np.ndarray | float = 0.0) -> np.ndarray:
        """Returns the canvas pixels `[n, 2]` of flat points `[n, 2]` lifted onto the face."""
        return self.project(self.lift(np.asarray(points), height))


class Sheet:
    """A picture in progress.

    Attributes:
        image: uint8 `[224, 224, 3]`, what has been painted.
        light: float32 `[56, 56, 3]`, light that reaches each part of the canvas, 1 is neutral.
        view: where head coordinates fall.
    """

    def __init__(self, image: np.ndarray, light: np.ndarray, view: View) -> None:
        self.image = image
        self.light = light
        self.view = view

    def lit(
        self, color: np.ndarray | tuple, point: np.ndarray | tuple
    ) -> tuple[float, float, float]:
        """Returns a 0..1 colour as it looks at a canvas pixel `[2]`, in 0..255."""
        cell, limit = SIZE * SUPERSAMPLE // GRID, GRID - 1
        column = min(max(int(point[0]) // cell, 0), limit)
        row = min(max(int(point[1]) // cell, 0), limit)
        red, green, blue = self.light[row, column].tolist()
        return (255 * color[0] * red, 255 * color[1] * green, 255 * color[2] * blue)

    def layer(self, color: np.ndarray | tuple, contrast: float = 1.0) -> np.ndarray:
        """Returns a lit 0..1 colour everywhere, uint8 `[224, 224, 3]`, to be pasted in shapes."""
        soft = cv2.blur(self.light, (5, 5))  # cloth and hair hide the face's relief
        soft = 255 * ((1 - contrast) + contrast * soft) * np.array(color, np.float32)
        return enlarged(np.minimum(soft + 3, 255).astype(np.uint8))

    def fill(self, points: np.ndarray, color: tuple) -> None:
        """Fills a polygon of canvas pixels `[n, 2]` with a 0..255 colour."""
        cv2.fillPoly(self.image, [fixed(points)], color, cv2.LINE_AA, _SHIFT)

    def stroke(self, points: np.ndarray, color: tuple, width: float) -> None:
        """Draws a line through canvas pixels `[n, 2]`, `width` in crop pixels."""
        thickness = max(1, round(width * SUPERSAMPLE))
        cv2.polylines(self.image, [fixed(points)], False, color, thickness, cv2.LINE_AA, _SHIFT)

    def strokes(self, lines: np.ndarray, color: tuple) -> None:
        """Draws many hairlines `[lines, n, 2]` at once."""
        cv2.polylines(self.image, list(fixed(lines)), False, color, 1, cv2.LINE_AA, _SHIFT)

    def dot(self, point: np.ndarray, radius: float, color: tuple, squash: float = 1.0) -> None:
        """Fills an ellipse of horizontal `radius` canvas pixels and height `squash * radius`."""
        unit = 1 << _SHIFT
        center = (round(point[0] * unit), round(point[1] * unit))
        axes = (max(1, round(radius * unit)), max(1, round(radius * squash * unit)))
        cv2.ellipse(self.image, center, axes, 0, 0, 360, color, -1, cv2.LINE_AA, _SHIFT)

    def blend(self, points: np.ndarray, color: tuple, opacity: float) -> None:
        """Fills a polygon with a translucent colour."""
        left, top, right, bottom = _box(points)
        patch = self.image[top:bottom, left:right]
        if not patch.size:
            return
        painted = patch.copy()
        inside = fixed(points - (left, top))
        cv2.fillPoly(painted, [inside], color, cv2.LINE_AA, _SHIFT)
        cv2.addWeighted(painted, opacity, patch, 1 - opacity, 0, dst=patch)

    def clipped(self, points: np.ndarray) -> Stencil:
        """Opens a stencil: what is painted inside the `with` block stays within a polygon."""
        return Stencil(self, points)

    def paste(self, layer: np.ndarray, points: np.ndarray) -> None:
        """Copies a layer `[224, 224, 3]` where the polygon is."""
        mask = np.zeros(self.image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [fixed(points)], 255, cv2.LINE_8, _SHIFT)
        cv2.copyTo(layer, mask, self.image)


class Stencil:
    """Context manager that keeps only what was painted within a polygon."""

    def __init__(self, sheet: Sheet, points: np.ndarray) -> None:
        self._sheet = sheet
        self._points = points

    def __enter__(self) -> None:
        """Remembers the picture around the polygon."""
        left, top, right, bottom = _box(self._points, margin=14)
        self._patch = self._sheet.image[top:bottom, left:right]
        self._before = self._patch.copy()
        self._mask = np.full(self._patch.shape[:2], 255, np.uint8)
        if self._mask.size:
            inside = fixed(self._points - (left, top))
            cv2.fillPoly(self._mask, [inside], 0, cv2.LINE_8, _SHIFT)

    def __exit__(self, *error: object) -> None:
        """Restores everything outside the polygon."""
        if self._mask.size:
            cv2.copyTo(self._before, self._mask, self._patch)


def smooth(points: np.ndarray, closed: bool = False, samples: int = 6) -> np.ndarray:
    """Runs a Catmull-Rom curve through points.

    Args:
        points: float `[n, d]`.
        closed: whether the last point leads back to the first.
        samples: points per segment.

    Returns:
        float `[m, d]`.
    """
    points = np.asarray(points)
    return _basis(len(points), closed, samples) @ points


def fixed(points: np.ndarray) -> np.ndarray:
    """Returns cv2's fixed-point int32 coordinates."""
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def enlarged(image: np.ndarray) -> np.ndarray:
    """Returns an image at the canvas's size, interpolated."""
    return cv2.resize(image, (SIZE * SUPERSAMPLE,) * 2, interpolation=cv2.INTER_LINEAR)


def mix(first: tuple, second: tuple, amount: float) -> tuple[float, float, float]:
    """Returns the colour `amount` of the way from the first to the second."""
    red, green, blue = (a + amount * (b - a) for a, b in zip(first, second, strict=True))
    return (red, green, blue)


def noise(texture: int, count: int) -> np.ndarray:
    """Returns `count` standard normal numbers of the noise bank, float32."""
    return NOISE[texture : texture + count]


@functools.lru_cache(maxsize=64)
def _basis(count: int, closed: bool, samples: int) -> np.ndarray:
    """Returns the matrix `[m, count]` from control points to points of the curve."""
    segments = count if closed else count - 1
    t = np.arange(samples)[:, None] / samples
    weights = 0.5 * np.hstack(
        (-(t**3) + 2 * t**2 - t, 3 * t**3 - 5 * t**2 + 2, -3 * t**3 + 4 * t**2 + t, t**3 - t**2)
    )
    matrix = np.zeros((segments * samples + (not closed), count))
    for segment in range(segments):
        for k in range(4):
            point = segment + k - 1
            point = point % count if closed else min(max(point, 0), count - 1)
            matrix[segment * samples : (segment + 1) * samples, point] += weights[:, k]
    if not closed:
        matrix[-1, -1] = 1
    return matrix


def _box(points: np.ndarray, margin: int = 2) -> tuple[int, int, int, int]:
    limit = SIZE * SUPERSAMPLE
    left, top = np.floor(points.min(0)).astype(int) - margin
    right, bottom = np.ceil(points.max(0)).astype(int) + margin
    return max(left, 0), max(top, 0), min(max(right, 0), limit), min(max(bottom, 0), limit)
