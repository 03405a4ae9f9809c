"""Margins on the angle and on the cosine, for heads that are published in both forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from facerec_tf.core.angles import MOST_ADDED, added_angle
from facerec_tf.core.errors import require_between


class MarginForm(NamedTuple):
    """A margin's function, its default in the paper, and its upper bound."""

    apply: Callable[[tf.Tensor, float | tf.Tensor], tf.Tensor]
    default: float
    most: float

    def margin(self, m: float | None) -> float:
        """Returns `m`, or the default for None.

        Raises:
            ArgumentError: If `m` is negative or above the upper bound.
        """
        m = self.default if m is None else m
        require_between("m", m, 0.0, self.most)
        return m


def subtracted_cosine(cosine: tf.Tensor, m: float | tf.Tensor) -> tf.Tensor:
    """Returns cos θ − m, as in CosFace."""
    return cosine - m


#: "arc" adds the margin to the angle in radians, as ArcFace; "cos" subtracts it from the cosine.
MARGIN_FORMS = {
    "arc": MarginForm(added_angle, default=0.5, most=MOST_ADDED),
    "cos": MarginForm(subtracted_cosine, default=0.35, most=2.0),
}
