"""Target logits as functions of the angle to the target centre."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MultipleLocator
from sklearn.isotonic import isotonic_regression

from facerec_tf.core.errors import require, require_count
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import GHOST, LINES, house_style

#: Maximum difference of curves that are drawn as one line with one label.
SAME = 1e-3

#: Size of a panel without its labels, in inches.
_WIDTH, _HEIGHT = 3.0, 2.5
_LABEL_WIDTH = 1.5
_LABEL_SIZE = 8.5  # points


def logit_curves_figure(
    angles: np.ndarray,
    panels: Mapping[str, Mapping[str, np.ndarray]],
    title: str = "Target logits",
    columns: int = 3,
    limits: tuple[float, float] | None = None,
    scale: float = 1.0,
) -> Figure:
    """Returns a figure of target logits over the angle to the target centre.

    Each panel shows its own curves in colour, labelled at their ends, in front of the curves of all
    other panels in gray. Curves that coincide are drawn as one line with one label.

    Args:
        angles: θ in radians, `[n]`, increasing within [0, π]; drawn in degrees.
        panels: Heading → name → target logit divided by the scale s, `[n]`.
        title: Heading of the figure.
        columns: Number of panels per row.
        limits: Lowest and highest logit shown. Default: the range of all curves.
        scale: Size of a panel relative to 3 by 2.5 inches.

    Raises:
        ArgumentError: If `angles` are not increasing within [0, π], there are no panels, a panel
            has more distinct curves than there are colours, a curve is not finite or has another
            length, or `limits` are not increasing.
    """
    angles = require_angles(angles)
    panels = {name: _require_curves(curves, len(angles)) for name, curves in panels.items()}
    require(len(panels) > 0, "panels", "at least one panel", panels)
    require_count("columns", columns)
    values = np.concatenate([curve for curves in panels.values() for curve in curves.values()])
    limits = (values.min(), values.max()) if limits is None else limits
    require(limits[0] < limits[1], "limits", "the lowest and the highest logit", limits)
    columns = min(columns, len(panels))
    rows = math.ceil(len(panels) / columns)
    with house_style():
        width, height = scale * _WIDTH, scale * _HEIGHT
        size = (columns * (width + _LABEL_WIDTH), rows * (height + 0.4) + 0.6)
        figure = HouseFigure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08))
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        grid = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
        for axes in grid[len(panels) :]:
            axes.set_axis_off()
        for index, (heading, curves) in enumerate(panels.items()):
            axes = grid[index]
            others = [
                c for name, other in panels.items() if name != heading for c in other.values()
            ]
            _draw(axes, angles, curves, others, limits, height)
            axes.set_title(heading)
            is_lowest = index + columns >= len(panels)
            axes.tick_params(axis="x", labelbottom=is_lowest)
            axes.set_xlabel("angle θ to the own centre" if is_lowest else "")
            axes.set_ylabel("target logit / s" if index % columns == 0 else "")
    return figure


def require_angles(angles: np.ndarray) -> np.ndarray:
    """Returns `angles` as an array; raises `ArgumentError` unless increasing within [0, π]."""
    angles = np.asarray(angles, np.float64)
    rising = angles.ndim == 1 and len(angles) > 1 and bool((np.diff(angles) > 0).all())
    inside = rising and angles[0] >= 0 and angles[-1] <= np.pi + 1e-6
    require(inside, "angles", "radians that increase within [0, π], of shape [n]", angles)
    return angles


def _require_curves(curves: Mapping[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
    """Returns the curves by name; coincident curves are one entry under all their names."""
    distinct: list[tuple[list[str], np.ndarray]] = []
    for name, curve in curves.items():
        curve = np.asarray(curve, np.float64)
        described = f"{name!r} of shape {curve.shape}"
        require(curve.shape == (count,), "panels", f"curves of shape ({count},)", described)
        require(bool(np.isfinite(curve).all()), "panels", "finite curves", f"{name!r}")
        same = [names for names, other in distinct if np.abs(curve - other).max() <= SAME]
        if same:
            same[0].append(name)
        else:
            distinct.append(([name], curve))
    few = 0 < len(distinct) <= len(LINES)
    require(few, "panels", f"1 to {len(LINES)} different curves each", len(distinct))
    # Prevent line breaks within a name.
    return {
        ", ".join(n.replace(" ", "\N{NO-BREAK SPACE}") for n in names): c for names, c in distinct
    }


def _draw(
    axes: Axes,
    angles: np.ndarray,
    curves: Mapping[str, np.ndarray],
    others: list[np.ndarray],
    limits: tuple[float, float],
    height: float,
) -> None:
    degrees = np.degrees(angles)
    for curve in others:
        axes.plot(degrees, curve, color=GHOST, linewidth=1.0, zorder=1.5)
    for curve, colour in zip(curves.values(), LINES, strict=False):
        axes.plot(degrees, curve, color=colour)
    axes.set_xlim(degrees[0], degrees[-1])
    low, high = limits
    axes.set_ylim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    axes.xaxis.set_major_locator(MultipleLocator(30 if degrees[-1] - degrees[0] > 120 else 20))
    axes.xaxis.set_major_formatter("{x:.0f}°")
    _name_curves(axes, degrees, curves, height)


def _name_curves(
    axes: Axes, degrees: np.ndarray, curves: Mapping[str, np.ndarray], height: float
) -> None:
    """Labels each curve at its right end, or where it leaves the panel at the bottom."""
    low, high = axes.get_ylim()
    unit = (high - low) * 1.5 * _LABEL_SIZE / 72 / height  # of a line of text
    beside = []
    for (name, curve), colour in zip(curves.items(), LINES, strict=False):
        outside = np.flatnonzero(curve < low)
        if len(outside):
            place = (degrees[outside[0]], low)
            offset: dict[str, Any] = {"xytext": (5, 4), "textcoords": "offset points"}
            axes.annotate(name, place, ha="left", va="bottom", fontsize=_LABEL_SIZE, **offset)
        else:
            beside.append((curve[-1], textwrap.fill(name, 26), colour))
    beside.sort(key=lambda entry: entry[0])
    heights = [unit * (1 + text.count("\n")) for _, text, _ in beside]
    places = _spread([end for end, _, _ in beside], heights, low, high)
    step = 0.045 * (degrees[-1] - degrees[0])
    look: dict[str, Any] = {"va": "center", "fontsize": _LABEL_SIZE, "annotation_clip": False}
    for (end, text, colour), place in zip(beside, places, strict=True):
        line: dict[str, Any] = {"arrowstyle": "-", "color": colour, "linewidth": 1.5}
        line |= {"patchA": None, "shrinkA": 2, "shrinkB": 0, "relpos": (0, 0.5)}
        where: dict[str, Any] = {"xy": (degrees[-1], end), "xytext": (degrees[-1] + step, place)}
        axes.annotate(text, **where, arrowprops=line, **look)


def _spread(ends: list[float], heights: list[float], low: float, high: float) -> np.ndarray:
    """Returns increasing positions closest to `ends` at which texts of `heights` do not overlap."""
    if not ends:
        return np.empty(0)
    half = np.asarray(heights) / 2
    offsets = np.concatenate([[0.0], np.cumsum(half[:-1] + half[1:])])
    top = high - half[-1] - offsets[-1]
    free = isotonic_regression(np.asarray(ends) - offsets, y_min=min(low, top), y_max=top)
    return free + offsets
