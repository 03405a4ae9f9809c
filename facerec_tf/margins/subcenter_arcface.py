"""Sub-center ArcFace: several centres per class, of which the nearest counts."""

from __future__ import annotations

from typing import Any

import keras

from facerec_tf.core.errors import require_count
from facerec_tf.margins.arcface import ArcFace


@keras.saving.register_keras_serializable(package="facerec_tf")
class SubCenterArcFace(ArcFace):
    """ArcFace on the highest cosine to any of a class's k centres (Sub-center ArcFace, ECCV 2020).

    Mislabelled and hard images collect at centres of their own, away from the dominant one. Label
    cleaning then drops or relabels the images far from the dominant centre. `centres` is
    `[embedding_size, k·num_classes]`: the first centres of all classes, then all second ones.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None uses ‖x‖.
        m: Margin on the angle, in radians, within [0, π/2].
        k: Number of centres per class, at least 1; 1 is ArcFace.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "Sub-center ArcFace, ECCV 2020"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        m: float = 0.5,
        k: int = 3,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_count("k", k)
        super().__init__(num_classes, s, m, gradient=gradient, **kwargs)
        self.k = k
        self.centres_per_class = k
