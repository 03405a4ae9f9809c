"""Embeddings on the sphere: which side shows what, and where."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import sphere_figure
from facerec_tf.visualize.sphere import ELEVATION
from tests.visualize.picture import picture

RANDOM = np.random.default_rng(0)
CENTRES = RANDOM.normal(size=(10, 3))
LABELS = np.repeat(np.arange(10), 20)
EMBEDDINGS = 7 * CENTRES[LABELS] + RANDOM.normal(size=(200, 3))


def figure(points=EMBEDDINGS, labels=LABELS, centres=CENTRES, **options):
    return sphere_figure({"softmax": points}, labels, {"softmax": centres}, **options)


def shown(axes):
    """Returns the points on a side, NaN for those behind."""
    return np.ma.filled(axes.collections[0].get_offsets(), np.nan)


def test_every_point_shows_once(tmp_path):
    drawn = figure()
    front, back = (np.isfinite(shown(axes)).all(axis=1) for axes in drawn.axes)
    np.testing.assert_array_equal(front, ~back)
    assert 0 < front.sum() < len(front)
    assert drawn.axes[0].get_title(loc="left") == "softmax"
    picture(drawn, tmp_path / "sphere.png")


def test_points_are_directions_seen_from_above_the_first_axis():
    e = np.radians(ELEVATION)
    towards = [np.cos(e), 0, np.sin(e)]
    points = 5 * np.array([towards, [0, 1, 0], np.negative(towards), [0, 0, 1]])
    front, back = (shown(axes) for axes in figure(points, np.arange(4)).axes)
    np.testing.assert_allclose(front, [[0, 0], [1, 0], [np.nan] * 2, [0, np.cos(e)]], atol=1e-12)
    np.testing.assert_allclose(back[2], [0, 0], atol=1e-12)


def test_the_back_is_the_mirrored_far_side():
    opposite = [shown(axes) for axes in figure(-EMBEDDINGS).axes]
    front, back = (shown(axes) for axes in figure().axes)
    # What lies at −v is behind v: left and right are the same from behind, up and down change.
    np.testing.assert_allclose(opposite[1], front * [1, -1])
    np.testing.assert_allclose(opposite[0], back * [1, -1])


def test_azimuth_goes_around_the_third_axis():
    quarter = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])  # third axis fixed, second to first
    turned = [shown(axes) for axes in figure(azimuth=90).axes]
    expected = [shown(axes) for axes in figure(EMBEDDINGS @ quarter).axes]
    np.testing.assert_allclose(turned, expected, atol=1e-12)


def test_numbers_stand_where_centres_point_to():
    places = {}
    for axes in figure().axes:
        for text in axes.texts:
            if text.get_text().isdigit():
                assert text.get_text() not in places
                places[text.get_text()] = (axes, text.get_position())
    assert sorted(places) == [str(i) for i in range(10)]
    for label, (axes, place) in places.items():
        own = shown(axes)[int(label) == LABELS]
        assert np.nanmin(np.linalg.norm(own - place, axis=1)) < 0.3


def test_sides_are_named():
    assert [axes.texts[-1].get_text() for axes in figure().axes] == ["front", "back"]


def test_two_dimensions_are_refused():
    with pytest.raises(ArgumentError, match=r"'embeddings' must be of shape \(200, 3\)"):
        figure(EMBEDDINGS[:, :2])
