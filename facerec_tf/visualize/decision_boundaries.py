"""Decision boundaries of two classes, as functions of the angles to their centres."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import MaxNLocator, MultipleLocator

from facerec_tf.core.errors import require, require_count
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.logit_curves import require_angles
from facerec_tf.visualize.style import GENUINE, IMPOSTOR, INK, house_style

#: Coordinates → function from radians to the coordinate, axis label.
COORDINATES = {"angle": (np.degrees, "θ{}"), "cosine": (np.cos, "cos θ{}")}

#: Minimum height of an area above the diagonal, as a fraction of the panel, for a label in it.
_ROOM = 0.075

_FIRST, _SECOND, _BOTH, _NEITHER = "#D6E8F5", "#FBE3D3", "#E3D5EA", "#C9CFD6"


def decision_boundaries_figure(
    angles: np.ndarray,
    heads: Mapping[str, tuple[np.ndarray, np.ndarray]],
    coordinates: str = "angle",
    title: str = "Decision boundaries of two classes",
    columns: int = 5,
) -> Figure:
    """Returns a figure of the regions in which each loss classifies an embedding correctly.

    An embedding has the angle θ1 to the centre of class 1 and θ2 to the centre of class 2. An
    embedding of class 1 is classified correctly where its target logit at θ1 exceeds the
    non-target logit at θ2, and vice versa for class 2. The margin between both regions is gray; a
    loss whose regions overlap has a negative margin. Dashed lines are the boundaries.

    Args:
        angles: Radians, `[n]`, increasing within [0, π].
        heads: Heading → target logit, including the margin, and non-target logit at these angles;
            two decreasing arrays `[n]`.
        coordinates: "angle" for (θ1, θ2) in degrees, as ArcFace 1801.07698, fig. 5; "cosine" for
            (cos θ1, cos θ2), as CosFace 1801.09414, fig. 2.
        title: Heading of the figure.
        columns: Number of panels per row.

    Raises:
        ArgumentError: If `angles` are not increasing within [0, π], `heads` is empty, logits are
            not decreasing or have another length, or `coordinates` is unknown.
    """
    angles = require_angles(angles)
    known = " or ".join(repr(name) for name in COORDINATES)
    require(coordinates in COORDINATES, "coordinates", known, coordinates)
    require(len(heads) > 0, "heads", "at least one head", heads)
    require_count("columns", columns)
    count = len(angles)
    heads = {
        name: (_require_falling(name, own, count), _require_falling(name, other, count))
        for name, (own, other) in heads.items()
    }
    columns = min(columns, len(heads))
    rows = math.ceil(len(heads) / columns)
    with house_style():
        figure = HouseFigure(
            figsize=(2.6 * columns, 2.55 * rows + 0.4),
            layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08),
        )
        figure.suptitle(title, x=0.01, ha="left", fontsize=14, fontweight="bold")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid[len(heads) :]:
            axes.set_axis_off()
        for axes, (heading, (own, other)) in zip(grid, heads.items(), strict=False):
            _draw(axes, angles, own, other, coordinates)
            axes.set_title(heading, fontsize=10)
    return figure


def _require_falling(name: str, logits: np.ndarray, count: int) -> np.ndarray:
    logits = np.asarray(logits, np.float64)
    described = f"{name!r} with {logits.shape}"
    require(logits.shape == (count,), "heads", f"logits of shape ({count},)", described)
    # float32 logits may be equal, or increase by a rounding error, where their slope vanishes.
    falls = logits[-1] < logits[0] and np.diff(logits).max() <= 1e-5 * np.ptp(logits)
    require(bool(falls), "heads", "logits that decrease with the angle", name)
    return np.minimum.accumulate(logits)


def _draw(
    axes: Axes, angles: np.ndarray, own: np.ndarray, other: np.ndarray, coordinates: str
) -> None:
    scale, label = COORDINATES[coordinates]
    # θ2 of class 1's boundary over θ1: own(θ1) = other(θ2). That of class 2 is its mirror image.
    boundary = _angle_of(own, other, angles)
    x, y, far = scale(angles), scale(boundary), scale(angles[-1])
    axes.set_facecolor(_NEITHER)
    axes.fill_between(x, y, far, color=_FIRST, linewidth=0)
    second = axes.fill_betweenx(x, y, far, color=_SECOND, linewidth=0)
    both = axes.fill_between(x, y, far, color=_BOTH, linewidth=0)
    both.set_clip_path(second.get_paths()[0], axes.transData)
    inside = (own >= other.min()) & (own <= other.max())
    # Include the next point on either side: the line may end between two angles.
    line = np.where(np.convolve(inside, np.ones(3), "same") > 0, y, np.nan)
    for points in ((x, line), (line, x)):
        axes.plot(*points, color=INK, linewidth=1.3, linestyle=(0, (4, 2)))
    axes.grid(False)
    low, high = sorted((scale(angles[0]), far))
    axes.set(xlim=(low, high), ylim=(low, high), aspect="equal")
    axes.set(xlabel=label.format("₁"), ylabel=label.format("₂"))
    for axis in (axes.xaxis, axes.yaxis):
        if coordinates == "angle":
            axis.set_major_locator(MultipleLocator(60 if high - low > 120 else 30))
            axis.set_major_formatter("{x:.0f}°")
        else:
            axis.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    _name_areas(axes, x, y, coordinates)


def _angle_of(values: np.ndarray, logits: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Returns the angles, within `angles`, at which decreasing `logits` equal `values`."""
    # The arc cosine linearises cosines, whose slope vanishes at θ = 0.
    highest = np.abs(logits).max()
    arcs, wanted = (np.arccos(np.clip(v / highest, -1.0, 1.0)) for v in (logits, values))
    return np.interp(wanted, arcs, angles)


def _name_areas(axes: Axes, x: np.ndarray, y: np.ndarray, coordinates: str) -> None:
    first_is_above = coordinates == "angle"  # θ2 increases upwards, cos θ2 downwards.
    corners: dict[str, Any] = {
        "xycoords": "axes fraction",
        "textcoords": "offset points",
        "fontweight": "bold",
    }
    above: dict[str, Any] = {"xy": (0, 1), "xytext": (5, -5), "ha": "left", "va": "top", **corners}
    below: dict[str, Any] = {
        "xy": (1, 0),
        "xytext": (-5, 5),
        "ha": "right",
        "va": "bottom",
        **corners,
    }
    axes.annotate("C₁", color=GENUINE, **(above if first_is_above else below))
    axes.annotate("C₂", color=IMPOSTOR, **(below if first_is_above else above))
    low, high = axes.get_xlim()
    along, height = (x - low) / (high - low), (y - x) / (high - low)
    middle, *quarters = (np.abs(along - place).argmin() for place in (0.5, 0.2, 0.8))
    for point in [middle] if abs(height[middle]) > _ROOM else quarters:
        if abs(height[point]) > _ROOM:
            text = "margin" if (height[point] > 0) == first_is_above else "overlap"
            centred: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
            place = float(along[point])
            axes.text(place, place, text, color=INK, fontsize=9, rotation=45, **centred)
