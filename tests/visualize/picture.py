"""What every test of a figure looks at first."""

import matplotlib.image
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from facerec_tf.visualize import save


def picture(figure, path):
    """Saves the figure and returns its pixels, after a look at whether there is anything on it."""
    save(figure, path)
    pixels = matplotlib.image.imread(path)[..., :3]
    assert (pixels.min(axis=2) < 0.5).mean() > 0.002
    assert pixels.std() > 0.05
    return pixels


def text_boxes(figure):
    """Returns each text that stands on axes, with its box in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    texts = [text for axes in figure.axes for text in axes.texts if text.get_text()]
    # An annotation's own extent would take in its line.
    return [(text.get_text(), Text.get_window_extent(text)) for text in texts]
