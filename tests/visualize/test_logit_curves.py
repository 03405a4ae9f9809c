"""Target logits: the lines of each panel and their names, read back from the axes."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import same_color

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import logit_curves_figure
from facerec_tf.visualize.style import GHOST, LINES
from tests.visualize.picture import picture, text_boxes

ANGLES = np.linspace(0, np.pi, 91)
COSFACE = np.cos(ANGLES) - 0.35
PANELS = {
    "plain": {"softmax": np.cos(ANGLES), "normface": np.cos(ANGLES) + 1e-4},
    "margins": {"cosface": COSFACE, "steep": np.cos(4 * ANGLES / 3) - 2 * ANGLES},
}


def figure(**change):
    return logit_curves_figure(**{"angles": ANGLES, "panels": PANELS, **change})


def lines(axes, colour):
    return [line for line in axes.lines if same_color(line.get_color(), colour)]


def names(axes):
    return [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in axes.texts]


def test_curves_are_drawn_over_degrees(tmp_path):
    drawn = figure()
    margins = drawn.axes[1]
    for curve, colour in zip(PANELS["margins"].values(), LINES, strict=False):
        (line,) = lines(margins, colour)
        np.testing.assert_allclose(line.get_xdata(), np.degrees(ANGLES))
        np.testing.assert_allclose(line.get_ydata(), curve)
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["plain", "margins"]
    assert margins.get_xlim() == (0.0, 180.0)
    picture(drawn, tmp_path / "curves.png")


def test_coincident_curves_share_a_line_and_its_name():
    plain = figure().axes[0]
    assert names(plain) == ["softmax, normface"]
    assert len(lines(plain, LINES[0])) == 1
    assert not lines(plain, LINES[1])


def test_curves_of_other_panels_stand_behind_in_grey():
    plain, margins = figure().axes
    assert len(lines(plain, GHOST)) == 2
    assert len(lines(margins, GHOST)) == 1
    (ghost,) = lines(margins, GHOST)
    np.testing.assert_allclose(ghost.get_ydata(), np.cos(ANGLES))
    (line,) = lines(plain, LINES[0])
    assert ghost.get_zorder() < line.get_zorder()


def test_names_point_to_the_ends_of_their_curves():
    at = {text.get_text(): text.xy for text in figure().axes[1].texts}
    assert at["cosface"] == pytest.approx((180.0, -1.35))


def test_a_curve_that_leaves_below_is_named_where_it_leaves():
    axes = figure(limits=(-2.0, 1.0)).axes[1]
    at = {text.get_text(): text.xy for text in axes.texts}
    low, high = axes.get_ylim()
    assert low < -2.0 < 1.0 < high
    first = np.flatnonzero(PANELS["margins"]["steep"] < low)[0]
    assert at["steep"] == pytest.approx((np.degrees(ANGLES[first]), low))


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_names_neither_overlap_nor_leave_the_figure(scale):
    ends = [0.01, 0.012, 0.0, 0.014, 0.9, 0.91, -1.0]
    crowded = {f"a loss that ends at {end}": np.cos(ANGLES) * (1 + end) for end in ends}
    drawn = figure(panels={"crowded": crowded, **PANELS}, scale=scale)
    boxes = text_boxes(drawn)
    assert len(boxes) == 7 + 3
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"{one} and {other}"
    width, height = drawn.get_size_inches() * drawn.dpi
    for name, box in boxes:
        assert min(box.x0, box.y0) >= 0, name
        assert (box.x1 <= width, box.y1 <= height) == (True, True), name


def test_panels_without_one_beneath_tell_the_angle():
    drawn = figure(panels={str(i): PANELS["plain"] for i in range(5)}, columns=3)
    labelled = [bool(axes.get_xlabel()) for axes in drawn.axes[:5]]
    assert labelled == [False, False, True, True, True]
    assert [axes.axison for axes in drawn.axes] == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"angles": np.degrees(ANGLES)}, "'angles' must be radians"),
        ({"angles": ANGLES[::-1]}, "'angles' must be radians"),
        ({"panels": {}}, "'panels' must be at least one"),
        ({"panels": {"a": {}}}, "'panels' must be 1 to 7 different curves"),
        ({"panels": {"a": {str(i): i * ANGLES for i in range(8)}}}, "1 to 7 different curves"),
        ({"panels": {"a": {"short": ANGLES[1:]}}}, r"curves of shape \(91,\).*'short'"),
        ({"panels": {"a": {"bad": ANGLES * np.nan}}}, "finite curves.*'bad'"),
        ({"limits": (1.0, 1.0)}, "'limits'"),
        ({"columns": 0}, "'columns'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, message):
    with pytest.raises(ArgumentError, match=message):
        figure(**change)
