"""Rows of captioned strips, pixel by pixel."""

import numpy as np
import pytest

from facerec_tf.core.errors import ArgumentError
from facerec_tf.visualize.captions import caption_font, fit_name, fit_text
from facerec_tf.visualize.strips_sheet import Strip, strips_sheet

RANDOM = np.random.default_rng(0)


def images(count, height=40, width=40):
    return list(RANDOM.integers(0, 200, (count, height, width, 3), np.uint8))


def is_written(strip):
    return strip.min() < 150


def test_images_stand_beneath_their_captions():
    one, three, two = images(1), images(3), images(2)
    rows = [[Strip(one, "Ann", "3°"), Strip(three, "Bob")], [Strip(two, "Cem")]]
    sheet = strips_sheet(rows, height=40)
    first = max(2 * 42 - 2, 0)
    assert sheet.shape == (16 + 2 * (19 + 40) + 14 + 16, 16 + first + 20 + 3 * 42 - 2 + 16, 3)
    for found, y, x in [
        (one[0], 35, 16),
        *((image, 35, 16 + first + 20 + 42 * i) for i, image in enumerate(three)),
        *((image, 35 + 73, 16 + 42 * i) for i, image in enumerate(two)),
    ]:
        np.testing.assert_array_equal(sheet[y : y + 40, x : x + 40], found)
    for y, x, is_there in [(16, 16, True), (16, 118, True), (89, 16, True), (89, 118, False)]:
        assert is_written(sheet[y : y + 19, x : x + 82]) == is_there
    assert sheet[:16].min() == sheet[-16:].min() == sheet[:, :16].min() == 255


def test_a_heading_moves_all_down():
    strips = [[Strip(images(2), "Ann")]]
    plain, headed = strips_sheet(strips, height=40), strips_sheet(strips, "Two", height=40)
    np.testing.assert_array_equal(headed[50:], plain[16:])
    assert is_written(headed[16:50])


def test_images_are_scaled_to_one_height():
    sheet = strips_sheet([[Strip([*images(1, 80, 60), *images(1, 20, 20)], "x")]], height=40)
    assert sheet.shape == (16 + 19 + 40 + 16, 16 + 30 + 2 + 40 + 16, 3)


def test_columns_widen_for_captions_up_to_a_limit():
    narrow = strips_sheet([[Strip(images(1), "A name of some length")]], height=40)
    wide = strips_sheet([[Strip(images(1), "A name of no end" * 50, "12°")]], height=40)
    assert 32 + 100 < narrow.shape[1] < 32 + 200
    assert wide.shape[1] == 32 + 260
    # The note is whole, at the end: the title was cut.
    assert is_written(wide[16:35, -16 - 25 : -16])
    assert wide[16:35, -15:].min() == 255


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("Zoë Ångström", 1000, "Zoë Ångström"),
        ("e\u0301", 1000, "é"),
        ("two\nlines\x00", 1000, "two\ufffdlines\ufffd"),
        ("$x^2$ & <b>", 1000, "$x^2$ & <b>"),
        ("Владимир Путин", 75, "Владими…"),
        ("Ann of Cleves", 40, "Ann…"),
        ("Ann", 0, ""),
        ("", 50, ""),
        ("x" * 100_000, 60, "xxxxx…"),
    ],
)
def test_text_is_cut_to_its_room(text, width, expected):
    font = caption_font(12)
    found = fit_text(text, font, width)
    assert font.getlength(found) <= width
    if found.endswith("…"):
        longer = found[:-1] + text[len(found) - 1 : len(found) + 1] + "…"
        assert font.getlength(longer) > width
        assert text.startswith(found[:-1].rstrip())
    else:
        assert found == expected


def test_nothing_to_show():
    with pytest.raises(ArgumentError, match="'rows' must be strips of images"):
        strips_sheet([[Strip([], "Ann")]])
    with pytest.raises(ArgumentError, match="'height' must be"):
        strips_sheet([[Strip(images(1), "Ann")]], height=0)


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [
        ("Ann/1.jpg", 100, "Ann/1.jpg"),
        ("Aaron_Eckhart/Aaron_Eckhart_0001.jpg", 100, "Aaron_E…01.jpg"),
        ("x\n.jpg", 100, "x\ufffd.jpg"),
        ("Ann/1.jpg", 0, ""),
    ],
)
def test_names_are_cut_in_the_middle(name, width, expected):
    found = fit_name(name, caption_font(12), width)
    assert found == expected
    assert caption_font(12).getlength(found) <= width
