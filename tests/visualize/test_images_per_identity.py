"""Histograms of images per identity: bars recounted, axes as the counts ask for."""

import numpy as np
import pytest
from matplotlib.patches import StepPatch

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize.images_per_identity import images_per_identity_figure
from tests.visualize.picture import picture, text_boxes

RANDOM = np.random.default_rng(3)
LONG_TAIL = np.maximum(1, RANDOM.pareto(0.9, 4000)).astype(int)

COUNTS = {
    "even": np.full(100, 20),
    "narrow": RANDOM.integers(5, 60, 3000),
    "long tail": LONG_TAIL,
    "some without": np.array([0, 0, 1, 2]),
    "one": np.array([3]),
}


@pytest.mark.parametrize("counts", COUNTS.values(), ids=COUNTS)
def test_bars_count_every_identity_that_has_images(counts, tmp_path):
    figure = images_per_identity_figure(counts)
    picture(figure, tmp_path / "figure.png")
    (axes,) = figure.axes
    (bars,) = (patch for patch in axes.patches if isinstance(patch, StepPatch))
    heights, edges, _ = bars.get_data()
    assert heights.sum() == (counts > 0).sum()
    for height, low, high in zip(heights, edges[:-1], edges[1:], strict=True):
        assert height == ((counts > low) & (counts < high)).sum()
    assert (edges % 1 == 0.5).all()
    low, high = axes.get_xlim()
    assert low <= edges[0]
    assert high >= edges[-1]
    assert axes.get_ylim()[1] > heights.max()


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [("even", "linear", "linear"), ("narrow", "linear", "linear"), ("long tail", "log", "log")],
)
def test_axes_are_logarithmic_where_needed(name, x, y):
    (axes,) = images_per_identity_figure(COUNTS[name]).axes
    assert (axes.get_xscale(), axes.get_yscale()) == (x, y)


def test_says_how_many():
    (axes,) = images_per_identity_figure(np.array([1, 1, 1, 5, 12, 0])).axes
    assert axes.get_title(loc="left") == (
        "20 images of 6 identities · 0 to 12 each, mean 3.3 · 3 have one (50%) · 1 have none"
    )


@pytest.mark.parametrize("counts", [np.r_[np.full(9, 3), 100], np.r_[3, np.full(9, 100)]])
def test_the_median_is_told_within_the_picture(counts):
    figure = images_per_identity_figure(counts)
    ((text, box),) = text_boxes(figure)
    assert text == f"median {np.median(counts):g}"
    width, height = figure.canvas.get_width_height()
    assert 0 < box.x0 < box.x1 < width
    assert 0 < box.y0 < box.y1 < height


@pytest.mark.parametrize(
    "counts", [np.array([]), np.array([0, 0]), np.array([1.5]), np.array([-1, 3]), np.ones((2, 2))]
)
def test_what_is_no_counts(counts):
    with pytest.raises(ArgumentError, match="'images' must be"):
        images_per_identity_figure(counts)
