"""HouseFigure: a figure in the house style that notebooks display."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

from facerec_tf.visualize.style import house_style

#: Image pixels per CSS pixel in notebooks, for screens with a high resolution.
DENSITY = 1.5


class HouseFigure(Figure):
    """A figure always drawn in the house style, which notebooks display as a cell's value.

    Matplotlib's own figures are displayed only with pyplot or `%matplotlib inline`.
    """

    def draw(self, renderer: Any) -> None:
        """Draws in the house style; Matplotlib creates ticks only when drawing."""
        with house_style():
            super().draw(renderer)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Returns PNG bytes for Jupyter, and the size at which to display them."""
        width, height = (round(self.dpi * inches) for inches in self.get_size_inches())
        data = io.BytesIO()
        with house_style():
            self.savefig(data, format="png", dpi=DENSITY * self.dpi)
        return data.getvalue(), {"width": width, "height": height}
