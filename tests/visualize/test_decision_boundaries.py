"""Decision boundaries: lines, areas and words, against the papers' equations."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize import decision_boundaries_figure
from tests.visualize.picture import picture

ANGLES = np.linspace(0, np.pi, 361)
COS = np.cos(ANGLES)
M = 0.5
HEADS = {
    "softmax": (1.5 * COS, COS),
    "normface": (COS, COS),
    "sphereface": (np.cos(np.minimum(2 * ANGLES, np.pi)) - np.maximum(2 * ANGLES - np.pi, 0), COS),
    "cosface": (COS - 0.35, COS),
    "arcface": (np.where(np.pi - M > ANGLES, np.cos(ANGLES + M), COS - M * np.sin(M)), COS),
}
FIRST, SECOND = range(2)


def panel(name, coordinates="angle"):
    (axes,) = decision_boundaries_figure(ANGLES, {name: HEADS[name]}, coordinates).axes
    return axes


def boundaries(axes):
    """Returns the drawn points of both lines, x and y each, less those on the panel's far edges."""
    far = 180.0 if axes.get_xlim()[1] == 180.0 else -1.0
    shown = [np.asarray(line.get_data()) for line in axes.lines]
    return [p[:, (np.isfinite(p) & (np.abs(p - far) > 1e-9)).all(axis=0)] for p in shown]


def areas(axes, x, y):
    """Returns in which areas a point lies: that of class 1, of class 2."""
    classes = axes.collections[:2]
    inside = [any(path.contains_point((x, y)) for path in c.get_paths()) for c in classes]
    return {index for index, is_inside in enumerate(inside) if is_inside}


def words(axes):
    return [text.get_text() for text in axes.texts]


def test_arcface_has_a_constant_margin_in_angles():
    (x1, y1), (x2, y2) = boundaries(panel("arcface"))
    np.testing.assert_allclose(y1, x1 + np.degrees(M), atol=1e-3)
    np.testing.assert_allclose(y2, x2 - np.degrees(M), atol=1e-3)
    assert (x1.min(), y2.min()) == (0.0, 0.0)
    assert x1.max() == pytest.approx(180.0 - np.degrees(M), abs=0.5)


def test_cosface_has_a_constant_margin_in_cosines():
    (x1, y1), (x2, y2) = boundaries(panel("cosface", "cosine"))
    np.testing.assert_allclose(y1, x1 - 0.35, atol=1e-4)
    np.testing.assert_allclose(y2, x2 + 0.35, atol=1e-4)


def test_spherefaces_margin_is_a_factor_on_the_angle():
    (x1, y1), (x2, y2) = boundaries(panel("sphereface"))
    np.testing.assert_allclose(y1, 2 * x1, atol=1e-3)
    np.testing.assert_allclose(y2, x2 / 2, atol=1e-3)
    assert x1.max() == pytest.approx(90.0, abs=0.5)


@pytest.mark.parametrize("coordinates", ["angle", "cosine"])
def test_without_a_margin_both_boundaries_are_the_diagonal(coordinates):
    axes = panel("normface", coordinates)
    for x, y in boundaries(axes):
        np.testing.assert_allclose(y, x, atol=1e-6)
    assert words(axes) == ["C₁", "C₂"]


@pytest.mark.parametrize("coordinates", ["angle", "cosine"])
@pytest.mark.parametrize(
    ("name", "first", "second", "expected"),
    [
        ("arcface", 20, 80, {FIRST}),
        ("arcface", 80, 20, {SECOND}),
        ("arcface", 60, 60, set()),
        ("arcface", 60, 80, set()),
        ("normface", 60, 61, {FIRST}),
        ("normface", 61, 60, {SECOND}),
        ("softmax", 30, 30, {FIRST, SECOND}),
        ("softmax", 10, 80, {FIRST}),
        ("softmax", 80, 10, {SECOND}),
        ("softmax", 150, 150, set()),
    ],
)
def test_areas_are_where_the_loss_is_content(coordinates, name, first, second, expected):
    place = np.array([first, second])
    place = place if coordinates == "angle" else np.cos(np.radians(place))
    assert areas(panel(name, coordinates), *place) == expected


def test_grey_is_the_margin_and_a_fourth_colour_the_overlap(tmp_path):
    figure = decision_boundaries_figure(ANGLES, {n: HEADS[n] for n in ("arcface", "softmax")})
    pixels = picture(figure, tmp_path / "areas.png")

    def colour(axes, first, second):
        x, y = axes.transData.transform((first, second)).round().astype(int)
        return tuple((255 * pixels[len(pixels) - y, x]).round().astype(int))

    arcface, softmax = figure.axes
    class_1, class_2 = colour(arcface, 20, 120), colour(arcface, 120, 20)
    assert class_1 == colour(softmax, 20, 120)
    assert class_2 == colour(softmax, 120, 20)
    margin, overlap = colour(arcface, 150, 150), colour(softmax, 15, 15)
    assert colour(softmax, 170, 170) == margin
    assert len({class_1, class_2, margin, overlap}) == 4
    assert np.ptp(margin) < 20 < np.ptp(class_1)


def test_words_stand_in_the_areas_they_name():
    axes = panel("arcface")
    assert words(axes) == ["C₁", "C₂", "margin"]
    corner = {text.get_text(): text.xy for text in axes.texts[:2]}
    assert corner == {"C₁": (0, 1), "C₂": (1, 0)}
    corner = {text.get_text(): text.xy for text in panel("arcface", "cosine").texts[:2]}
    assert corner == {"C₁": (1, 0), "C₂": (0, 1)}
    axes = panel("softmax")
    assert words(axes)[2:] == ["overlap", "margin"]
    for text in axes.texts[2:]:
        x, y = 180 * np.array(text.get_position())
        assert areas(axes, x, y) == ({FIRST, SECOND} if x < 90 else set())


def test_a_panel_for_each_head(tmp_path):
    figure = decision_boundaries_figure(ANGLES, HEADS, columns=3)
    assert [axes.get_title(loc="left") for axes in figure.axes[:5]] == list(HEADS)
    assert [axes.axison for axes in figure.axes] == [True] * 5 + [False]
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("θ₁", "θ₂")
    picture(figure, tmp_path / "boundaries.png")


def test_float32_logits_that_stall_are_no_rise():
    own, other = (logits.astype("float32") for logits in HEADS["arcface"])
    assert len(decision_boundaries_figure(ANGLES, {"arcface": (own, other)}).axes) == 1


@pytest.mark.parametrize(
    ("heads", "coordinates", "message"),
    [
        ({}, "angle", "'heads' must be at least one"),
        (HEADS, "angles", "'coordinates' must be 'angle' or 'cosine'"),
        ({"a": (COS, -COS)}, "angle", "'heads' must be logits that decrease.*'a'"),
        ({"a": (COS, np.full_like(COS, np.nan))}, "angle", "logits that decrease"),
        ({"a": (COS, COS[1:])}, "angle", r"logits of shape \(361,\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(heads, coordinates, message):
    with pytest.raises(ArgumentError, match=message):
        decision_boundaries_figure(ANGLES, heads, coordinates)


def test_angles_in_degrees_are_refused():
    with pytest.raises(ArgumentError, match="'angles' must be radians"):
        decision_boundaries_figure(np.degrees(ANGLES), HEADS)
