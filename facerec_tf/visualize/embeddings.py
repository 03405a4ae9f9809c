"""Embeddings of two dimensions in the plane, and their directions on the circle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator

from facerec_tf.visualize.embedded_points import EmbeddedPoints, require_embedded
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import CLASSES, GHOST, INK, house_style

#: Degrees a bar of the histogram around the circle spans.
BAR = 2

#: Length of the longest bar, in units of the circle's radius.
LONGEST = 0.8


def embeddings_figure(
    embeddings: Mapping[str, np.ndarray],
    labels: np.ndarray,
    centres: Mapping[str, np.ndarray],
    title: str = "Embeddings",
) -> Figure:
    """Returns a figure of 2-D embeddings, with one column per loss and one colour per class.

    The upper row shows the embeddings; the lower row shows their directions on the unit circle and
    as histograms around it. Rays point to the class centres and are labelled with the class
    (as in CosFace 1801.09414, fig. 4, and center loss, ECCV 2016, fig. 2).

    Args:
        embeddings: Loss → `[n, 2]`.
        labels: int `[n]`.
        centres: Loss → `[classes, 2]`, of any length.
        title: Heading of the figure.

    Raises:
        ArgumentError: If a mapping is empty, names, shapes or dtypes do not match, or a value is
            not finite.
    """
    embedded, labels = require_embedded(embeddings, labels, centres, size=2)
    with house_style():
        figure = HouseFigure(
            figsize=(2.8 * len(embedded), 6.1),
            layout=ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06),
        )
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        grid = figure.subplots(2, len(embedded), squeeze=False)
        for (above, below), one in zip(grid.T, embedded, strict=True):
            _draw_plane(above, one, labels)
            _draw_circle(below, one, labels)
            above.set_title(one.name)
    return figure


def _draw_plane(axes: Axes, one: EmbeddedPoints, labels: np.ndarray) -> None:
    reach = 1.02 * np.linalg.norm(one.embeddings, axis=1).max()
    _draw_points(axes, one.embeddings, labels)
    _draw_rays(axes, one, reach, 1.1 * reach)
    axes.set(xlim=(-1.22 * reach, 1.22 * reach), ylim=(-1.22 * reach, 1.22 * reach), aspect="equal")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))


def _draw_circle(axes: Axes, one: EmbeddedPoints, labels: np.ndarray) -> None:
    axes.add_patch(Circle((0, 0), 1, fill=False, color=GHOST, linewidth=1))
    _draw_bars(axes, one.directions, labels)
    _draw_points(axes, one.directions, labels)
    _draw_rays(axes, one, 0.68, 0.83)
    reach = 1.02 + LONGEST
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_axis_off()


def _draw_points(axes: Axes, points: np.ndarray, labels: np.ndarray) -> None:
    colours = np.asarray(CLASSES)[labels % len(CLASSES)]
    axes.scatter(points[:, 0], points[:, 1], s=6, c=colours, alpha=0.7, linewidth=0)


def _draw_bars(axes: Axes, directions: np.ndarray, labels: np.ndarray) -> None:
    """Draws a histogram of the directions of each class, outwards from the circle."""
    degrees = np.degrees(np.arctan2(directions[:, 1], directions[:, 0])) % 360
    edges = np.arange(0, 361, BAR)
    classes = np.unique(labels)
    counts = [np.histogram(degrees[labels == index], edges)[0] for index in classes]
    unit = LONGEST / np.max(counts)
    steps = np.radians(np.repeat(edges, 2)[1:-1])
    around = np.stack([np.cos(steps), np.sin(steps)])
    for index, count in zip(classes, counts, strict=True):
        outline = around * (1.0 + unit * np.repeat(count, 2))
        ring = np.concatenate([outline, around[:, ::-1]], axis=1)
        axes.fill(*ring, color=CLASSES[index % len(CLASSES)], alpha=0.75, linewidth=0)


def _draw_rays(axes: Axes, one: EmbeddedPoints, reach: float, label_at: float) -> None:
    for index, direction in enumerate(one.centre_directions):
        axes.plot(*np.outer(direction, [0.0, reach]), color=INK, linewidth=0.7, alpha=0.7)
        look: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": 9, "fontweight": "bold"}
        x, y = label_at * direction
        axes.text(x, y, str(index), **look)
