"""Histogram of the number of images per identity."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from facerec_tf.core.errors import require
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import GENUINE, INK, MUTED, house_style

#: Maximum number of bars.
BARS = 40

#: Minimum range of a linear axis: a single bar would fill the figure.
_LEAST_WIDE = 10

#: Lower ends of the bars and of a logarithmic axis, both below the height of one identity.
_FLOOR, _LOWEST = 1e-3, 0.6

#: Ratios of largest to smallest count, and tallest to lowest bar, that make an axis logarithmic.
LOG_IMAGES, LOG_IDENTITIES = 25, 50


def images_per_identity_figure(images: np.ndarray, title: str = "Images per identity") -> Figure:
    """Returns a histogram of the number of images per identity, with the median marked.

    Axes are logarithmic if the counts differ widely, as in data collected from the web. Bars have
    equal widths on a logarithmic axis, so bars further right cover larger ranges of counts.

    Args:
        images: int `[identities]`, number of images of each; non-negative, at least one positive.
        title: Heading of the figure.

    Raises:
        ArgumentError: If `images` has another shape, dtype or range.
    """
    images = np.asarray(images)
    is_counts = images.ndim == 1 and images.dtype.kind in "iu" and images.size > 0
    require(is_counts, "images", "int [identities]", f"{images.dtype} {images.shape}")
    require(images.min() >= 0 and images.max() > 0, "images", "counts, one above 0", images)
    shown = images[images > 0]
    is_log = shown.max() >= LOG_IMAGES * shown.min()
    heights, edges = np.histogram(shown, _edges(shown.min(), shown.max(), is_log))
    with house_style():
        figure = HouseFigure(
            figsize=(8, 4.2), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08)
        )
        figure.suptitle(title, x=0.016, ha="left", fontsize=14, fontweight="bold")
        axes = figure.subplots()
        if is_log:
            axes.set_xscale("log")
        axes.stairs(heights, edges, fill=True, color=GENUINE, alpha=0.75, baseline=_FLOOR)
        axes.set_xlim(edges[0], edges[-1])
        if not is_log and (room := _LEAST_WIDE - (edges[-1] - edges[0])) > 0:
            left = max(-0.5, edges[0] - room / 2)
            axes.set_xlim(left, left + _LEAST_WIDE)
        # Leave room above the bars for the median's label.
        if heights.max() >= LOG_IDENTITIES * heights[heights > 0].min():
            axes.set_yscale("log")
            axes.set_ylim(_LOWEST, _LOWEST * (heights.max() / _LOWEST) ** 1.15)
        else:
            axes.set_ylim(0, 1.15 * heights.max())
        median = float(np.median(shown))
        axes.axvline(median, color=INK, linewidth=1.2, linestyle=(0, (3, 2)))
        place: dict[str, Any] = {
            "xycoords": axes.get_xaxis_transform(),
            "textcoords": "offset points",
        }
        on_right = axes.transLimits.transform(axes.transScale.transform((median, 1)))[0] > 0.8
        side: dict[str, Any] = (
            {"xytext": (-5, 0), "ha": "right"} if on_right else {"xytext": (5, 0), "ha": "left"}
        )
        axes.annotate(f"median {median:,g}", (median, 0.98), va="top", color=INK, **side, **place)
        axes.set_title(_summary(images), fontsize=10, fontweight="normal", color=MUTED)
        axes.set(xlabel="images of an identity", ylabel="identities")
        axes.grid(visible=False, axis="x")
        for axis in (axes.xaxis, axes.yaxis):
            _label_counts(axis)
    return figure


def _edges(least: int, most: int, is_log: bool) -> np.ndarray:
    """Returns edges between integers; each bar covers at least one integer."""
    if is_log:
        return np.unique(np.round(np.geomspace(least, most + 1, BARS + 1))) - 0.5
    width = -(-(most + 1 - least) // BARS)
    return np.arange(least, most + width + 1, width) - 0.5


def _summary(images: np.ndarray) -> str:
    total, people = int(images.sum()), len(images)
    parts = [f"{_many(total, 'image', 'images')} of {_many(people, 'identity', 'identities')}"]
    if images.min() < images.max():
        parts.append(f"{images.min():,} to {images.max():,} each, mean {images.mean():,.1f}")
    if single := int((images == 1).sum()):
        parts.append(f"{single:,} have one ({single / people:.0%})")
    if none := int((images == 0).sum()):
        parts.append(f"{none:,} have none")
    return " · ".join(parts)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _label_counts(axis: Axis) -> None:
    if axis.get_scale() == "log":
        low, high = axis.get_view_interval()
        within_two_decades = high < 100 * max(low, 0.5)
        axis.set_major_locator(LogLocator(subs=(1, 2, 5) if within_two_decades else (1,)))
        axis.set_minor_formatter(NullFormatter())
    else:
        axis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10], integer=True))
    axis.set_major_formatter(FuncFormatter(lambda count, _: f"{count:,.0f}"))
