"""Report of a run in one figure: training curves, verification and example pairs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from facerec_tf.core.errors import require
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.pairs_sheet import draw_pair, require_pairs
from facerec_tf.visualize.style import GENUINE, IMPOSTOR, MUTED, house_style
from facerec_tf.visualize.training import (
    draw_loss,
    draw_verification_accuracy,
    is_measured,
    require_metrics,
)
from facerec_tf.visualize.verification import draw_histograms, draw_roc, require_scored


def report_figure(
    metrics: Mapping[str, np.ndarray],
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
    examples: np.ndarray,
    images_a: np.ndarray,
    images_b: np.ndarray,
    title: str,
    subtitle: str = "",
) -> Figure:
    """Returns a figure of 1400 by 860 pixels: training curves, ROC, score histograms, pairs.

    Args:
        metrics: As for `training_figure`.
        scores: float `[pairs]`.
        same: bool `[pairs]`, whether both images show one person.
        threshold: Pairs are accepted at `score >= threshold`.
        examples: int `[k]`, positions of the pairs to show, such as both results of
            `example_pairs` concatenated; six of each kind fill the figure.
        images_a: uint8 `[k, h, w, 3]`, the first image of each example.
        images_b: uint8 `[k, h, w, 3]`, the second.
        title: The result, in one line.
        subtitle: How the result was measured.

    Raises:
        ArgumentError: If shapes or dtypes do not match, or the examples lack one kind of pair.
    """
    scores, same = require_scored(scores, same)
    examples = np.asarray(examples)
    shown = (scores[examples], same[examples])
    require_pairs(images_a, images_b, *shown)
    require_metrics(metrics)
    both = shown[1].any() and not shown[1].all()
    require(both, "examples", "pairs of both kinds", examples.tolist())
    with house_style():
        figure = HouseFigure(
            figsize=(14, 8.6), layout=ConstrainedLayoutEngine(w_pad=0.13, h_pad=0.07)
        )
        parts = figure.subfigures(3, 1, squeeze=False, height_ratios=(0.85, 4.4, 3.55))
        head, curves, pairs = parts[:, 0]
        head.text(0.01, 0.64, title, fontsize=17, fontweight="bold", va="center")
        head.text(0.01, 0.17, subtitle, fontsize=10.5, color=MUTED, va="center")
        _draw_curves(curves, metrics, scores, same, threshold)
        _draw_examples(pairs, images_a, images_b, *shown, threshold)
    return figure


def _draw_curves(
    part: SubFigure,
    metrics: Mapping[str, np.ndarray],
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
) -> None:
    lowest = "accuracy" if is_measured(metrics, "verification_accuracy") else "loss"
    panels: dict[str, Axes] = part.subplot_mosaic(
        [["loss", "roc", "scores"], [lowest, "roc", "scores"]]
    )
    draw_loss(panels["loss"], metrics)
    if lowest == "accuracy":
        panels["accuracy"].sharex(panels["loss"])
        panels["loss"].tick_params(axis="x", labelbottom=False)
        draw_verification_accuracy(panels["accuracy"], metrics)
    panels[lowest].set_xlabel("step")
    draw_roc(panels["roc"], scores, same)
    draw_histograms(panels["scores"], scores, same, threshold)


def _draw_examples(
    part: SubFigure,
    images_a: np.ndarray,
    images_b: np.ndarray,
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
) -> None:
    hardest_first = np.argsort(np.where(same, scores, -scores), kind="stable")
    kinds = (("One person", same, GENUINE), ("Two people", ~same, IMPOSTOR))
    columns = max(int(chosen.sum()) for _, chosen, _ in kinds)
    grid = part.subplots(2, columns, squeeze=False)
    for row, (name, chosen, colour) in zip(grid, kinds, strict=True):
        for axes in row:
            axes.set_axis_off()
        row[0].set_title(f"{name}, hardest first", color=colour, fontsize=10)
        for axes, index in zip(row, hardest_first[chosen[hardest_first]], strict=False):
            draw_pair(axes, images_a[index], images_b[index], scores[index], same[index], threshold)
