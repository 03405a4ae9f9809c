"""Training curves: loss, verification accuracy, angles and learning rate over steps."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import EngFormatter

from facerec_tf.core.errors import require
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import ACCENT, GENUINE, IMPOSTOR, INK, house_style, percent_axis

#: Points of a curve above which a moving average is drawn over it.
SMOOTH_ABOVE = 40

#: Angle → its name and look. Those of one colour fall, those of the other stay wide; dashes are
#: for embeddings alone, without centres.
_ANGLES = {
    "target_angle_degrees": ("target θ", INK, "-"),
    "w_ec_degrees": ("W–EC", GENUINE, "-"),
    "intra_degrees": ("Intra", GENUINE, "--"),
    "w_inter_degrees": ("W-Inter", IMPOSTOR, "-"),
    "inter_degrees": ("Inter", IMPOSTOR, "--"),
}


def training_figure(
    metrics: Mapping[str, np.ndarray], title: str = "Training", curves: Sequence[str] = ()
) -> Figure:
    """Returns a figure with a panel for each curve, over a common axis of steps.

    Args:
        metrics: Equally long arrays: `step` and `loss`, and where there are any
            `verification_accuracy` (fraction), angles in degrees (`target_angle_degrees`,
            `w_ec_degrees`, `w_inter_degrees`, `intra_degrees`, `inter_degrees`) and
            `learning_rate`. NaN where a value was not measured at that step; what was never
            measured gets no panel.
        title: Heading of the figure.
        curves: Further metrics to draw, each in a panel of its own.

    Raises:
        ArgumentError: If `step` or `loss` is missing, no loss is finite, or lengths differ.
    """
    require_metrics(metrics)
    panels: dict[str, tuple[Callable[..., None], float]] = {
        **_PANELS,
        **{name: (functools.partial(draw_curve, name), 1.2) for name in curves},
    }
    shown = [name for name in panels if is_measured(metrics, name)]
    heights = [panels[name][1] for name in shown]
    with house_style():
        figure = HouseFigure(
            figsize=(9, 1.0 + 1.45 * sum(heights)),
            layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08),
        )
        figure.suptitle(title, x=0.016, ha="left", fontsize=14, fontweight="bold")
        rows = figure.subplots(
            len(shown), 1, sharex=True, squeeze=False, height_ratios=heights
        ).ravel()
        for axes, name in zip(rows, shown, strict=True):
            panels[name][0](axes, metrics)
        rows[-1].set_xlabel("step")
    return figure


def draw_loss(axes: Axes, metrics: Mapping[str, np.ndarray]) -> None:
    """Draws the loss, with a moving average over it once the curve is long."""
    step, loss = _measured(metrics, "loss")
    smooth = len(loss) > SMOOTH_ABOVE
    look: dict[str, Any] = {"color": IMPOSTOR, "clip_on": False, "zorder": 3}
    if smooth:
        axes.plot(step, loss, alpha=0.25, linewidth=1.0, **look)
        axes.plot(step, _moving_average(loss, len(loss) // SMOOTH_ABOVE), **look)
    else:
        axes.plot(step, loss, "o-", markersize=3, **look)
    axes.set_ylim(bottom=min(0.0, *loss))
    _finish(axes, "Loss", metrics)


def draw_verification_accuracy(axes: Axes, metrics: Mapping[str, np.ndarray]) -> None:
    """Draws the verification accuracy, its last value beside the last point."""
    step, accuracy = _measured(metrics, "verification_accuracy")
    look: dict[str, Any] = {"color": GENUINE, "clip_on": False, "zorder": 3}
    axes.plot(step, accuracy, "o-", markersize=5, markeredgecolor="white", **look)
    percent_axis(axes.yaxis, bins=5)
    axes.margins(y=0.25)
    rises = len(accuracy) > 1 and accuracy[-1] > accuracy[-2]
    offset: dict[str, Any] = {"textcoords": "offset points", "xytext": (0, 7 if rises else -16)}
    text, place = f"{100 * accuracy[-1]:.2f} %", (step[-1], accuracy[-1])
    axes.annotate(text, place, color=GENUINE, fontweight="bold", ha="right", **offset)
    _finish(axes, "Verification accuracy", metrics)


def draw_angles(axes: Axes, metrics: Mapping[str, np.ndarray]) -> None:
    """Draws the angle statistics that were measured."""
    for name, (label, color, dashes) in _ANGLES.items():
        if is_measured(metrics, name):
            step, angle = _measured(metrics, name)
            marker = "o" if len(step) <= SMOOTH_ABOVE else None
            look: dict[str, Any] = {
                "color": color,
                "linewidth": 1.6,
                "marker": marker,
                "markersize": 3,
            }
            axes.plot(step, angle, dashes, label=label, clip_on=False, zorder=3, **look)
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter("{x:g}°")
    axes.locator_params(axis="y", nbins=5, steps=[1, 1.5, 3, 5, 10])
    place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0), "borderaxespad": 0}
    legend = axes.legend(ncols=len(_ANGLES), handlelength=2.4, columnspacing=1.2, **place)
    for line in legend.get_lines():
        line.set_marker("")
    _finish(axes, "Angles", metrics)


def draw_learning_rate(axes: Axes, metrics: Mapping[str, np.ndarray]) -> None:
    """Draws the learning rate."""
    step, rate = _measured(metrics, "learning_rate")
    marker = "o" if len(step) == 1 else None
    axes.plot(step, rate, color=ACCENT, marker=marker, linewidth=1.5, clip_on=False, zorder=3)
    axes.fill_between(step, 0, rate, color=ACCENT, alpha=0.1, linewidth=0)
    axes.set_ylim(bottom=0)
    axes.locator_params(axis="y", nbins=3)
    _finish(axes, "Learning rate", metrics)


def draw_curve(name: str, axes: Axes, metrics: Mapping[str, np.ndarray]) -> None:
    """Draws the metric `name` as a line, under its name."""
    step, values = _measured(metrics, name)
    axes.plot(step, values, "o-", markersize=4, color=ACCENT, clip_on=False, zorder=3)
    _finish(axes, name.replace("_", " ").capitalize(), metrics)


#: Metric → how it is drawn, and its share of the figure's height.
_PANELS = {
    "loss": (draw_loss, 1.6),
    "verification_accuracy": (draw_verification_accuracy, 1.2),
    "inter_degrees": (draw_angles, 1.4),
    "learning_rate": (draw_learning_rate, 0.55),
}


def require_metrics(metrics: Mapping[str, np.ndarray]) -> None:
    """Raises `ArgumentError` unless `metrics` holds steps, losses and arrays of one length."""
    present = {"step", "loss"} <= set(metrics)
    require(present, "metrics", "a mapping with 'step' and 'loss'", sorted(metrics))
    lengths = {name: len(values) for name, values in metrics.items()}
    require(len(set(lengths.values())) == 1, "metrics", "arrays of one length", lengths)
    finite = is_measured(metrics, "loss")
    require(finite, "metrics", "a mapping with a finite loss", np.asarray(metrics["loss"]))


def is_measured(metrics: Mapping[str, np.ndarray], name: str) -> bool:
    """Returns whether `metrics` has a finite value of `name`."""
    return name in metrics and bool(np.isfinite(metrics[name]).any())


def _measured(metrics: Mapping[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(metrics[name], np.float64)
    finite = np.isfinite(values)
    return np.asarray(metrics["step"])[finite], values[finite]


def _moving_average(values: np.ndarray, reach: int) -> np.ndarray:
    """Returns the mean over up to `reach` neighbours to either side, fewer at the ends."""
    window = np.ones(2 * reach + 1)
    weights = np.convolve(np.ones_like(values), window, mode="same")
    return np.convolve(values, window, mode="same") / weights


def _finish(axes: Axes, title: str, metrics: Mapping[str, np.ndarray]) -> None:
    axes.set_title(title)
    axes.locator_params(axis="x", integer=True)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.set_xlim(0, max(1, np.max(metrics["step"])))
