"""NormFace: softmax over cosines, without a margin."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from facerec_tf.margins.base import MarginLayer


@keras.saving.register_keras_serializable(package="facerec_tf")
class NormFace(MarginLayer):
    """Logits `s·cos θ` for every identity (NormFace 1704.06369; NSL in CosFace 1801.09414 §3).

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; 20 trains better on CASIA-WebFace (ArcFace, table 2); None uses
            ‖x‖.
        **kwargs: As `MarginLayer`, without `gradient`: there is no margin to detach.
    """

    source = "NormFace 1704.06369"

    def __init__(self, num_classes: int, s: float | None = 64.0, **kwargs: Any) -> None:
        super().__init__(num_classes, s, "exact", **kwargs)

    def target_cosine(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns cos θ unchanged, `[batch]`."""
        return cosine
