"""A figure that notebooks show by themselves."""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

from facerec_tf.visualize.style import house_style

#: Pixels of a notebook's picture per pixel it takes up on the page: sharp on fine screens.
DENSITY = 1.5


class HouseFigure(Figure):
    """A figure in the house style, however it is drawn, that a notebook shows as a cell's value.

    Matplotlib's own figures need pyplot, or `%matplotlib inline`, to be shown.
    """

    def draw(self, renderer: Any) -> None:
        """Draws in the house style: ticks are made only now, and take the style of the moment."""
        with house_style():
            super().draw(renderer)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        """Returns PNG bytes for Jupyter, and the size to show them at."""
        width, height = (round(self.dpi * inches) for inches in self.get_size_inches())
        data = io.BytesIO()
        with house_style():
            self.savefig(data, format="png", dpi=DENSITY * self.dpi)
        return data.getvalue(), {"width": width, "height": height}
