"""Example pairs with their scores and decisions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle

from facerec_tf.core.errors import require, require_count
from facerec_tf.visualize.house_figure import HouseFigure
from facerec_tf.visualize.style import IMPOSTOR, INK, house_style


def example_pairs(
    scores: np.ndarray, same: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the positions of example pairs, evenly spaced in rank from hardest to easiest.

    The selection is deterministic and includes the hardest pair of each kind.

    Args:
        scores: float `[pairs]`.
        same: bool `[pairs]`.
        count: Number of pairs of each kind.

    Returns:
        Two int arrays of at most `count` positions in `scores`: genuine pairs by increasing score,
        impostor pairs by decreasing score.
    """
    require_count("count", count)
    ascending = np.argsort(scores, kind="stable")
    genuine, impostor = ascending[same[ascending]], ascending[~same[ascending]][::-1]
    return _spread(genuine, count), _spread(impostor, count)


def pairs_sheet(
    images_a: np.ndarray,
    images_b: np.ndarray,
    scores: np.ndarray,
    same: np.ndarray,
    threshold: float,
    columns: int = 6,
    title: str = "",
) -> Figure:
    """Returns a figure of pairs side by side, each with its score and the decision's correctness.

    Args:
        images_a: uint8 `[pairs, h, w, 3]`, the first image of each pair.
        images_b: uint8 `[pairs, h, w, 3]`, the second.
        scores: float `[pairs]`.
        same: bool `[pairs]`, whether both images show one person.
        threshold: Pairs are accepted at `score >= threshold`.
        columns: Number of pairs per row.
        title: Heading, followed by the threshold.

    Raises:
        ArgumentError: If shapes or dtypes do not match.
    """
    require_pairs(images_a, images_b, scores, same)
    require_count("columns", columns)
    columns = min(columns, len(scores))
    rows = math.ceil(len(scores) / columns)
    with house_style():
        figure = HouseFigure(
            figsize=(2.1 * columns, 1.42 * rows + 0.5),
            layout=ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.05),
        )
        heading = f"{title}    accept at ≥ {threshold:.3f}".strip()
        figure.suptitle(heading, x=0.01, ha="left", fontsize=11, fontweight="bold")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes in grid[len(scores) :]:
            axes.set_axis_off()
        for axes, one, two, score, is_same in zip(
            grid, images_a, images_b, scores, same, strict=False
        ):
            draw_pair(axes, one, two, score, is_same, threshold)
    return figure


def draw_pair(
    axes: Axes, image_a: np.ndarray, image_b: np.ndarray, score: float, same: bool, threshold: float
) -> None:
    """Draws both images of a pair, with ✓ or ✗ and the score below; errors have a frame."""
    right = (score >= threshold) == same
    height, width = image_a.shape[:2]
    gap = np.full((height, max(1, width // 28), 3), 255, np.uint8)
    axes.imshow(np.concatenate([image_a, gap, image_b], axis=1), interpolation="lanczos")
    axes.set_axis_off()
    colour = INK if right else IMPOSTOR
    if not right:
        frame: dict[str, Any] = {
            "transform": axes.transAxes,
            "clip_on": False,
            "fill": False,
            "linewidth": 3,
        }
        axes.add_patch(Rectangle((0, 0), 1, 1, edgecolor=IMPOSTOR, **frame))
    below: dict[str, Any] = {
        "transform": axes.transAxes,
        "va": "top",
        "fontsize": 9,
        "color": colour,
    }
    caption = f"{'✓' if right else '✗'}  {score:.2f}".replace("-", "−")
    axes.text(0.5, -0.07, caption, ha="center", **below)


def require_pairs(
    images_a: np.ndarray, images_b: np.ndarray, scores: np.ndarray, same: np.ndarray
) -> None:
    """Raises `ArgumentError` unless the arrays describe the same pairs, at least one."""
    for name, images in (("images_a", images_a), ("images_b", images_b)):
        is_batch = images.dtype == np.uint8 and images.ndim == 4 and images.shape[-1] == 3
        described = f"{images.dtype} {images.shape}"
        require(is_batch and len(images) > 0, name, "uint8 [pairs, h, w, 3]", described)
    require(images_b.shape == images_a.shape, "images_b", f"{images_a.shape}", images_b.shape)
    for name, values in (("scores", scores), ("same", same)):
        shape = (len(images_a),)
        require(np.shape(values) == shape, name, f"of shape {shape}", np.shape(values))


def _spread(positions: np.ndarray, count: int) -> np.ndarray:
    count = min(count, len(positions))
    return positions[np.linspace(0, len(positions) - 1, count).round().astype(int)]
