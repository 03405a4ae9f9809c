"""Verification figure: ROC curve and score histograms."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from sklearn.metrics import auc, roc_curve

from facerec_tf.core.errors import require
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import (
    ACCENT,
    GENUINE,
    IMPOSTOR,
    INK,
    MUTED,
    house_style,
    percent_axis,
)


def verification_figure(
    scores: np.ndarray,
    same: np.ndarray,
    title: str = "Verification",
    threshold: float | None = None,
) -> Figure:
    """Returns a figure of 1200 by 500 pixels: ROC on the left, score histograms on the right.

    Args:
        scores: float `[pairs]`, finite; higher is more similar.
        same: bool `[pairs]`, whether both images show one person.
        title: Heading of the figure.
        threshold: Threshold to mark in the histograms.

    Raises:
        ArgumentError: If shapes or dtypes do not match, scores are not finite, or one kind of pair
            is missing.
    """
    scores, same = require_scored(scores, same)
    with house_style():
        figure = HouseFigure(
            figsize=(12, 5), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.1, wspace=0.04)
        )
        figure.suptitle(title, x=0.012, ha="left", fontsize=14, fontweight="bold")
        left, right = figure.subplots(1, 2)
        draw_roc(left, scores, same)
        draw_histograms(right, scores, same, threshold)
    return figure


def draw_roc(axes: Axes, scores: np.ndarray, same: np.ndarray) -> None:
    """Draws the true accept rate over the false accept rate, from one false accept upwards.

    The curve is a step function: between two measured rates, only the lower one is known.
    """
    far, tar, _ = roc_curve(same, scores, drop_intermediate=False)
    least = 1.0 / np.sum(~same)
    shown = np.maximum(far, least)
    last = np.append(np.diff(shown) > 0, True)
    shown, height = shown[last], tar[last]
    bottom = max(0.0, np.floor(10 * height[0] - 0.5) / 10)
    axes.step(shown, height, where="post", color=GENUINE, solid_joinstyle="round")
    axes.fill_between(shown, bottom, height, step="post", color=GENUINE, alpha=0.08, linewidth=0)
    axes.set_xscale("log")
    axes.set_xlim(least, 1.0)
    axes.set_ylim(bottom, 1.0 + 0.02 * (1.0 - bottom))
    percent_axis(axes.yaxis, bins=8)
    axes.set(title="ROC", xlabel="false accept rate", ylabel="true accept rate")
    for rate in (1e-1, 1e-2, 1e-3, 1e-4):
        if rate * np.sum(~same) >= 1.0:
            _mark_rate(axes, rate, tar[np.searchsorted(far, rate, side="right") - 1])
    below: dict[str, Any] = {
        "transform": axes.transAxes,
        "ha": "right",
        "va": "bottom",
        "color": MUTED,
    }
    axes.text(0.98, 0.04, f"area under curve {auc(far, tar):.4f}", fontsize=9, **below)


def draw_histograms(
    axes: Axes, scores: np.ndarray, same: np.ndarray, threshold: float | None = None
) -> None:
    """Draws the densities of genuine and impostor scores, and the threshold if given."""
    rarer = min(np.sum(same), np.sum(~same))
    bins = int(np.clip(2 * np.sqrt(rarer), 16, 60))
    edges = np.linspace(scores.min(), np.nextafter(scores.max(), np.inf), bins + 1)
    kinds = (("impostor", ~same, IMPOSTOR), ("genuine", same, GENUINE))
    for name, chosen, colour in kinds:
        label = f"{name} ({np.sum(chosen):,})"
        both: dict[str, Any] = {"bins": edges, "density": True, "color": colour}
        axes.hist(scores[chosen], histtype="stepfilled", alpha=0.25, linewidth=0, **both)
        axes.hist(scores[chosen], histtype="step", linewidth=1.6, label=label, **both)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.08)
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=1.3, linestyle=(0, (4, 3)))
        side = "left" if threshold < np.mean(axes.get_xlim()) else "right"
        place: dict[str, Any] = {"transform": axes.get_xaxis_transform(), "ha": side, "va": "top"}
        axes.text(threshold, 0.995, f"  accept at ≥ {threshold:.3f}  ", fontsize=9, **place)
    axes.yaxis.set_ticklabels([])
    axes.tick_params(axis="y", length=0)
    beside_title: dict[str, Any] = {
        "loc": "lower right",
        "bbox_to_anchor": (1.0, 1.0),
        "borderaxespad": 0.2,
    }
    axes.legend(ncols=2, handlelength=1.2, columnspacing=1.2, handletextpad=0.5, **beside_title)
    axes.set(title="Scores", xlabel="cosine similarity", ylabel="density")


def require_scored(scores: np.ndarray, same: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns both as arrays; raises `ArgumentError` unless they define a ROC curve."""
    scores, same = np.asarray(scores), np.asarray(same)
    require(scores.ndim == 1, "scores", "of shape [pairs]", scores.shape)
    require(same.dtype == bool, "same", "an array of bool", same.dtype)
    require(same.shape == scores.shape, "same", f"of shape {scores.shape}, as scores", same.shape)
    damaged = int(np.sum(~np.isfinite(scores)))
    require(damaged == 0, "scores", "finite", f"{damaged} that are not")
    both = bool(same.any() and not same.all())
    require(both, "same", "of both kinds of pairs", f"{same.sum()} genuine of {same.size}")
    return scores, same


def _mark_rate(axes: Axes, rate: float, tar: float) -> None:
    axes.plot(rate, tar, "o", color=ACCENT, markersize=6, markeredgecolor="white", clip_on=False)
    offset: dict[str, Any] = {"textcoords": "offset points", "xytext": (7, -12), "fontsize": 9}
    axes.annotate(f"{tar:.1%}", (rate, tar), color=INK, **offset)
