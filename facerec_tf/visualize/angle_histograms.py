"""Histograms of the angles to the target centre and to the nearest other centre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from facerec_tf.core.errors import require
from facerec_tf.visualize.embedded_points import EmbeddedPoints, require_embedded
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import GENUINE, IMPOSTOR, INK, house_style

#: Width of a bar, in degrees.
BAR = 2

#: Fraction of the angles that the axis covers; a few outliers would compress the others.
SHOWN = 0.995


def angle_histograms_figure(
    embeddings: Mapping[str, np.ndarray],
    labels: np.ndarray,
    centres: Mapping[str, np.ndarray],
    title: str = "Angles to class centres",
) -> Figure:
    """Returns histograms of the angles to the target centre and to the nearest other centre.

    One row per loss, over a common axis that covers 99.5 % of the angles, with medians marked.
    Margin losses aim at a gap between both histograms (as in SphereFace 1704.08063, fig. 5).

    Args:
        embeddings: Loss → `[n, d]`, of any length and size.
        labels: int `[n]`.
        centres: Loss → `[classes, d]`, of any length, at least two classes.
        title: Heading of the figure.

    Raises:
        ArgumentError: If a mapping is empty, names, shapes or dtypes do not match, there are fewer
            than two classes, or a value is not finite.
    """
    embedded, labels = require_embedded(embeddings, labels, centres)
    least = min(len(one.centres) for one in embedded)
    require(least >= 2, "centres", "of at least two classes", least)
    angles = [own_and_nearest_other(one, labels) for one in embedded]
    last = 10 * np.ceil(np.quantile(angles, SHOWN) / 10)
    with house_style():
        figure = HouseFigure(
            figsize=(8, 1.15 * len(embedded) + 1.1),
            layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.04),
        )
        figure.suptitle(title, x=0.012, ha="left", fontsize=14, fontweight="bold")
        rows = figure.subplots(len(embedded), 1, squeeze=False, sharex=True)[:, 0]
        for axes, one, (own, other) in zip(rows, embedded, angles, strict=True):
            _draw(axes, own, other)
            look: dict[str, Any] = {
                "rotation": 0,
                "ha": "right",
                "va": "center",
                "fontweight": "bold",
            }
            axes.set_ylabel(one.name, color=INK, **look)
        rows[-1].set_xlim(0, last)
        rows[-1].xaxis.set_major_formatter("{x:.0f}°")
        rows[-1].set_xlabel("angle to a class centre")
        head: dict[str, Any] = {"ncols": 2, "loc": "lower right", "bbox_to_anchor": (1.0, 1.0)}
        rows[0].legend(handlelength=1.2, columnspacing=1.2, borderaxespad=0.2, **head)
    return figure


def own_and_nearest_other(one: EmbeddedPoints, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the angles in degrees, `[n]` each, to the target and to the nearest other centre."""
    cosines = np.clip(one.directions @ one.centre_directions.T, -1.0, 1.0)
    rows = np.arange(len(labels))
    own = cosines[rows, labels]
    cosines[rows, labels] = -np.inf
    return np.degrees(np.arccos(own)), np.degrees(np.arccos(cosines.max(axis=1)))


def _draw(axes: Axes, own: np.ndarray, other: np.ndarray) -> None:
    kinds = (("own centre", own, GENUINE), ("nearest other centre", other, IMPOSTOR))
    for name, angles, colour in kinds:
        both: dict[str, Any] = {"bins": np.arange(0, 180 + BAR, BAR), "color": colour}
        axes.hist(angles, histtype="stepfilled", alpha=0.25, linewidth=0, **both)
        axes.hist(angles, histtype="step", linewidth=1.4, label=name, **both)
        median = np.median(angles)
        axes.axvline(median, color=colour, linewidth=1.2, linestyle=(0, (3, 2)))
        place: dict[str, Any] = {
            "xycoords": axes.get_xaxis_transform(),
            "textcoords": "offset points",
        }
        look: dict[str, Any] = {"color": colour, "fontsize": 9, "fontweight": "bold", "va": "top"}
        axes.annotate(f"{median:.1f}°", (median, 1.0), xytext=(4, -3), **place, **look)
    axes.margins(y=0.3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="x", length=0)
