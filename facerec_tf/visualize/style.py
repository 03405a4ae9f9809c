"""Style of all figures: colour-blind safe colours and light axes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import matplotlib
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, MaxNLocator

#: Okabe and Ito's palette: distinguishable with all types of colour blindness, and in grayscale.
GENUINE = "#0072B2"
IMPOSTOR = "#D55E00"
ACCENT = "#009E73"
INK = "#1F2933"
MUTED = "#6B7785"
RULE = "#E4E7EB"
#: Curves in the background.
GHOST = "#CFD5DB"

#: Colours of the curves of one panel, in order.
LINES = (INK, GENUINE, IMPOSTOR, ACCENT, "#CC79A7", "#E69F00", "#56B4E9")

#: Ten classes: Petroff's colour-blind safe palette for scatter plots (2107.02270).
CLASSES = (
    "#3F90DA",
    "#FFA90E",
    "#BD1F01",
    "#94A4A2",
    "#832DB6",
    "#A96B59",
    "#E76300",
    "#B9AC70",
    "#717581",
    "#92DADD",
)

_STYLE = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": "#9AA5B1",
    "axes.labelcolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlepad": 10,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.8,
    "xtick.color": "#9AA5B1",
    "ytick.color": "#9AA5B1",
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.facecolor": "white",
    "figure.dpi": 100,
    "savefig.facecolor": "white",
}


@contextlib.contextmanager
def house_style() -> Iterator[None]:
    """Applies the house style within the block, and restores the caller's style afterwards."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_STYLE)
        yield


def percent_axis(axis: Axis, bins: int) -> None:
    """Labels fractions on `axis` in percent, with at most `bins` ticks at round values."""
    axis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda fraction, _: f"{100 * fraction:.6g}%"))
