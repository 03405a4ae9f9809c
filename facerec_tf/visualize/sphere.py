"""Embeddings of three dimensions, projected onto the unit sphere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle

from facerec_tf.visualize.embedded_points import EmbeddedPoints, require_embedded
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import CLASSES, GHOST, INK, MUTED, RULE, house_style

#: Elevation of the view above the equator, in degrees.
ELEVATION = 20


def sphere_figure(
    embeddings: Mapping[str, np.ndarray],
    labels: np.ndarray,
    centres: Mapping[str, np.ndarray],
    title: str = "Embeddings on the sphere",
    azimuth: float = 0.0,
) -> Figure:
    """Returns a figure of 3-D directions, with one column per loss and one colour per class.

    The upper row shows the sphere from the front, the lower row from the back, in orthographic
    projection, so that each point is visible once. Class numbers mark the directions of the class
    centres (as in SphereFace 1704.08063, fig. 5).

    Args:
        embeddings: Loss → `[n, 3]`.
        labels: int `[n]`.
        centres: Loss → `[classes, 3]`, of any length.
        title: Heading of the figure.
        azimuth: Azimuth of the front view in degrees, from the first axis around the third axis,
            which points up.

    Raises:
        ArgumentError: If a mapping is empty, names, shapes or dtypes do not match, or a value is
            not finite.
    """
    embedded, labels = require_embedded(embeddings, labels, centres, size=3)
    with house_style():
        figure = HouseFigure(
            figsize=(2.6 * len(embedded), 5.9),
            layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06),
        )
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        grid = figure.subplots(2, len(embedded), squeeze=False)
        front = _frame(azimuth)
        # In the back view, right becomes left and near becomes far.
        back = front * [[-1], [1], [-1]]
        for row, side, frame in zip(grid, ("front", "back"), (front, back), strict=True):
            for axes, one in zip(row, embedded, strict=True):
                _draw(axes, one, labels, frame)
            look: dict[str, Any] = {"rotation": 90, "ha": "right", "va": "center", "color": MUTED}
            row[0].text(-1.1, 0, side, **look)
        for axes, one in zip(grid[0], embedded, strict=True):
            axes.set_title(one.name)
    return figure


def _frame(azimuth: float) -> np.ndarray:
    """Returns `[3, 3]`, unit rows that point to the viewer's right, up, and towards the viewer."""
    a, e = np.radians(azimuth), np.radians(ELEVATION)
    right = [-np.sin(a), np.cos(a), 0.0]
    towards = [np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)]
    return np.array([right, np.cross(towards, right), towards])


def _draw(axes: Axes, one: EmbeddedPoints, labels: np.ndarray, frame: np.ndarray) -> None:
    axes.add_patch(Circle((0, 0), 1, facecolor="#F7F8FA", edgecolor=GHOST, linewidth=1))
    for line in _graticule():
        x, y = _project(line, frame)
        axes.plot(x, y, color=RULE, linewidth=0.7, zorder=1.5)
    x, y = _project(one.directions, frame)
    colours = np.asarray(CLASSES)[labels % len(CLASSES)]
    axes.scatter(x, y, s=7, c=colours, alpha=0.7, linewidth=0, zorder=2)
    x, y = _project(one.centre_directions, frame)
    for index in np.flatnonzero(np.isfinite(x)):
        badge: dict[str, Any] = {
            "boxstyle": "circle,pad=0.15",
            "facecolor": "white",
            "edgecolor": INK,
            "alpha": 0.9,
        }
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 8, "fontweight": "bold"}
        axes.text(x[index], y[index], str(index), bbox={**badge, "linewidth": 0.6}, **look)
    axes.set(xlim=(-1.06, 1.06), ylim=(-1.06, 1.06), aspect="equal")
    axes.set_axis_off()


def _project(points: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Returns x and y `[2, n]` of unit `points` `[n, 3]`; NaN for points on the far side."""
    x, y, depth = frame @ points.T
    return np.where(depth >= 0, np.stack([x, y]), np.nan)


def _graticule() -> list[np.ndarray]:
    """Returns circles of latitude and longitude 30° apart, each `[m, 3]`."""
    turn = np.linspace(0, 2 * np.pi, 181)
    circles = []
    for latitude in np.radians(np.arange(-60, 61, 30)):
        ring = np.cos(latitude) * np.stack([np.cos(turn), np.sin(turn)])
        circles.append(np.stack([*ring, np.full_like(turn, np.sin(latitude))], axis=1))
    for longitude in np.radians(np.arange(0, 180, 30)):
        out = np.cos(turn)
        circle = [out * np.cos(longitude), out * np.sin(longitude), np.sin(turn)]
        circles.append(np.stack(circle, axis=1))
    return circles
