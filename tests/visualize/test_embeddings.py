"""Embeddings in the plane: points, rays and bars, read back from the axes."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import embeddings_figure
from facerec_tf.visualize.embeddings import BAR, LONGEST
from facerec_tf.visualize.style import CLASSES
from tests.visualize.picture import picture

RANDOM = np.random.default_rng(0)
LABELS = np.repeat(np.arange(10), 30)
CENTRES = 3 * np.stack([np.cos(np.arange(10)), np.sin(np.arange(10))], axis=1)
EMBEDDINGS = CENTRES[LABELS] * RANDOM.uniform(0.5, 2, (300, 1)) + RANDOM.normal(0, 0.2, (300, 2))


def figure(**change):
    given = {
        "embeddings": {"softmax": EMBEDDINGS, "arcface": 0.1 * EMBEDDINGS},
        "labels": LABELS,
        "centres": {"arcface": CENTRES, "softmax": 5 * CENTRES},
    }
    return embeddings_figure(**{**given, **change})


def test_a_column_for_each_loss(tmp_path):
    drawn = figure()
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["softmax", "arcface", "", ""]
    assert picture(drawn, tmp_path / "embeddings.png").shape == (610, 560, 3)


def test_points_above_are_the_embeddings_below_their_directions():
    above, _, below, _ = figure().axes
    np.testing.assert_allclose(above.collections[0].get_offsets(), EMBEDDINGS)
    expected = EMBEDDINGS / np.linalg.norm(EMBEDDINGS, axis=1, keepdims=True)
    np.testing.assert_allclose(below.collections[0].get_offsets(), expected)
    colours = above.collections[0].get_facecolors()[:, :3]
    np.testing.assert_allclose(colours, [to_rgb(CLASSES[label]) for label in LABELS])


def test_points_and_names_lie_within_the_panel():
    for axes in figure().axes:
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        places = [*axes.collections[0].get_offsets(), *(text.get_position() for text in axes.texts)]
        assert all(left < x < right and bottom < y < top for x, y in places)


def test_rays_point_to_the_centres_and_are_named():
    for axes in figure().axes:
        assert [text.get_text() for text in axes.texts] == [str(i) for i in range(10)]
        for ray, text, centre in zip(axes.lines, axes.texts, CENTRES, strict=True):
            end = ray.get_xydata()[-1]
            np.testing.assert_allclose(ray.get_xydata()[0], 0)
            for place in (end, text.get_position()):
                np.testing.assert_allclose(place / np.linalg.norm(place), centre / 3)
            assert np.linalg.norm(text.get_position()) > np.linalg.norm(end)


def test_bars_count_directions_from_the_circle_outwards():
    degrees = np.array([10.5, 10.7, 11.0, 50.5, 200.5])
    points = np.stack([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))], axis=1)
    labels = np.array([0, 0, 0, 0, 1])
    one = {"embeddings": {"a": points}, "centres": {"a": points[3:]}}
    below = figure(labels=labels, **one).axes[1]
    first, second = (patch.get_xy() for patch in below.patches if hasattr(patch, "get_xy"))
    for outline, counts in ((first, {10: 3, 50: 1}), (second, {200: 1})):
        length = np.linalg.norm(outline, axis=1)
        around = np.degrees(np.arctan2(outline[:, 1], outline[:, 0])) % 360
        for start, count in counts.items():
            bar = np.abs(around - start - BAR / 2) <= BAR / 2 + 1e-6
            assert length[bar].max() == pytest.approx(1 + LONGEST * count / 3)
        assert length.min() == pytest.approx(1.0)
        assert length.max() < below.get_xlim()[1]


def test_colours_start_again_after_ten_classes():
    more = {"labels": LABELS + 5, "centres": {n: np.ones((15, 2)) for n in ("softmax", "arcface")}}
    colours = figure(**more).axes[0].collections[0].get_facecolors()[:, :3]
    np.testing.assert_allclose(colours[-1], to_rgb(CLASSES[4]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embeddings": {}, "centres": {}}, "'embeddings' must be of at least one loss"),
        ({"centres": {"softmax": CENTRES}}, "'centres' must be of .*'arcface', 'softmax'"),
        ({"labels": LABELS[1:]}, r"'embeddings' must be of shape \(299, 2\).*'softmax'"),
        ({"labels": LABELS.astype(float)}, "'labels' must be int"),
        ({"labels": LABELS + 1}, r"'labels' must be within \[0, 10\).*1 to 10"),
        ({"labels": LABELS - 1}, "'labels' must be within"),
        ({"embeddings": {"softmax": EMBEDDINGS, "arcface": EMBEDDINGS[:, :1]}}, "'arcface'"),
        ({"centres": {"softmax": CENTRES.T, "arcface": CENTRES}}, r"'centres' must be of shape"),
        ({"embeddings": {"softmax": EMBEDDINGS * np.inf, "arcface": EMBEDDINGS}}, "finite"),
        (
            {"centres": {"softmax": CENTRES * np.nan, "arcface": CENTRES}},
            "'centres' must be finite",
        ),
    ],
)
def test_what_cannot_be_drawn_is_refused(change, message):
    with pytest.raises(ArgumentError, match=message):
        figure(**change)
