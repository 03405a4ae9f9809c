"""Histograms of angles: counts, medians and the reach of the axis."""

import itertools

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import angle_histograms_figure
from facerec_tf.visualize.angle_histograms import BAR
from tests.visualize.picture import picture


def at(degrees):
    return np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)


CENTRES = at(np.array([0.0, 40.0, 100.0]))
#: 5° and 9° off the centre of class 0, 7° off that of class 2, which is 53° from the others.
EMBEDDINGS = np.array([[2.0], [3.0], [0.1]]) * at(np.array([5.0, -9.0, 93.0]))
LABELS = np.array([0, 0, 2])


def figure(embeddings=EMBEDDINGS, labels=LABELS, centres=CENTRES):
    names = ("softmax", "arcface")
    return angle_histograms_figure(
        dict.fromkeys(names, embeddings), labels, dict.fromkeys(names, centres)
    )


def counts(patch):
    """Returns the degrees at which bars of an outline start → their heights, less empty ones."""
    xy = patch.get_xy()
    return {int(x): int(y) for (x, y), (end, _) in itertools.pairwise(xy) if y and end > x}


def test_bars_count_angles_to_the_own_and_the_nearest_other_centre(tmp_path):
    drawn = figure()
    for axes in drawn.axes:
        own, other = axes.patches[1], axes.patches[3]
        assert [own.get_label(), other.get_label()] == ["own centre", "nearest other centre"]
        assert counts(own) == {4: 1, 6: 1, 8: 1}
        assert counts(other) == {34: 1, 48: 1, 52: 1}
    assert BAR == 2
    assert [axes.get_ylabel() for axes in drawn.axes] == ["softmax", "arcface"]
    picture(drawn, tmp_path / "angles.png")


def test_medians_are_marked_and_told():
    axes = figure().axes[0]
    assert [line.get_xdata()[0] for line in axes.lines] == pytest.approx([7.0, 49.0])
    assert [text.get_text() for text in axes.texts] == ["7.0°", "49.0°"]


def test_axis_reaches_nearly_all_angles():
    assert {axes.get_xlim() for axes in figure().axes} == {(0.0, 60.0)}
    strays = np.concatenate([np.repeat(EMBEDDINGS, 100, axis=0), at(np.array([250.0]))])
    labels = np.append(np.repeat(LABELS, 100), 0)
    assert figure(strays, labels).axes[0].get_xlim() == (0.0, 60.0)


def test_any_number_of_dimensions_will_do():
    random = np.random.default_rng(0)
    centres = np.linalg.qr(random.normal(size=(64, 64)))[0][:10]
    axes = figure(3 * centres[np.arange(10)], np.arange(10), centres).axes[0]
    assert [text.get_text() for text in axes.texts] == ["0.0°", "90.0°"]


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(ArgumentError, match="'labels' must be within"):
        figure(labels=LABELS + 1)
    with pytest.raises(ArgumentError, match=r"'centres' must be of shape \(classes, 2\)"):
        figure(centres=np.ones((3, 5)))
    with pytest.raises(ArgumentError, match="'centres' must be of at least two classes"):
        figure(labels=LABELS * 0, centres=CENTRES[:1])
