"""Figures that show themselves, in one style wherever they are drawn."""

import inspect
import io

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from IPython.core.formatters import DisplayFormatter
from matplotlib.backends.backend_agg import FigureCanvasAgg

from facerec_tf import visualize
from facerec_tf.visualize import HouseFigure, logit_curves_figure
from facerec_tf.visualize.house_figure import DENSITY
from facerec_tf.visualize.style import house_style

GAUDY = {"font.size": 22, "xtick.labelsize": 30, "axes.unicode_minus": False}


def figure():
    angles = np.linspace(0, np.pi, 50)
    return logit_curves_figure(angles, {"": {"softmax": np.cos(angles)}})


def test_notebooks_show_it_without_pyplot():
    data, metadata = DisplayFormatter().format(figure())
    pixels = matplotlib.image.imread(io.BytesIO(data["image/png"]))
    width, height = metadata["image/png"]["width"], metadata["image/png"]["height"]
    assert (width, height) == (450, 350)
    assert pixels.shape[:2] == (DENSITY * height, DENSITY * width)
    assert (pixels[..., :3].min(axis=2) < 0.5).mean() > 0.002


@pytest.mark.parametrize(
    "name",
    [n for n, item in vars(visualize).items() if inspect.isfunction(item) and "_figure" in n],
)
def test_every_figure_is_one(name):
    used = inspect.getclosurevars(getattr(visualize, name)).globals
    assert used["HouseFigure"] is HouseFigure
    assert "Figure" not in used


def test_style_is_that_of_the_house_though_ticks_are_made_when_drawn():
    with matplotlib.rc_context(GAUDY):
        before = dict(matplotlib.rcParams.copy())
        styled = drawn(figure())
        assert dict(matplotlib.rcParams.copy()) == before
    with house_style():
        expected = drawn(figure())
    np.testing.assert_array_equal(styled, expected)


def drawn(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())
