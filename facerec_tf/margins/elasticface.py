"""ElasticFace: a random margin for each sample."""

from __future__ import annotations

import math
import random
from typing import Any

import keras
import tensorflow as tf
from keras import ops

from facerec_tf.core.errors import require_flag, require_non_negative
from facerec_tf.core.lookup import require_known
from facerec_tf.core.replicas import gather_batch, own_rows
from facerec_tf.margins.base import MarginLayer
from facerec_tf.margins.margin_forms import MARGIN_FORMS


@keras.saving.register_keras_serializable(package="facerec_tf")
class ElasticFace(MarginLayer):
    """ArcFace or CosFace with margins drawn from N(m, σ²) (2109.09416, §3).

    The "+" variants assign the drawn margins by hardness: the largest to the sample farthest from
    its centre. Margins are at least 0. They are drawn and sorted for the batch of all replicas
    together, and only in calls with `training=True`; otherwise every margin is m.

    Args:
        num_classes: Number of identities, at least 2.
        s: Scale of the logits; None uses ‖x‖.
        form: "arc" adds the margin to the angle, "cos" subtracts it from the cosine.
        m: Mean margin, within [0, π/2] rad for "arc" (default 0.5) or [0, 2] for "cos" (0.35).
        sigma: Standard deviation of the margins, non-negative.
        plus: Whether to sort them by hardness: ElasticFace-Arc+ and -Cos+.
        gradient: As `MarginLayer`.
        **kwargs: As `MarginLayer`.
    """

    source = "ElasticFace 2109.09416"

    def __init__(
        self,
        num_classes: int,
        s: float | None = 64.0,
        form: str = "arc",
        m: float | None = None,
        sigma: float = 0.05,
        plus: bool = False,
        gradient: str = "exact",
        **kwargs: Any,
    ) -> None:
        require_known(form, MARGIN_FORMS, "form")
        m = MARGIN_FORMS[form].margin(m)
        require_non_negative("sigma", sigma)
        require_flag("plus", plus)
        super().__init__(num_classes, s, gradient, **kwargs)
        self.form = form
        self.m = m
        self.sigma = sigma
        self.plus = plus

    def threshold_angle(self, norm: tf.Tensor) -> tf.Tensor | None:
        """Returns π − m for form "arc", `[batch]`."""
        return ops.full_like(norm, math.pi - self.m) if self.form == "arc" else None

    @property
    def cosine_margin(self) -> float | None:
        """The margin subtracted from the own cosine."""
        return self.m if self.form == "cos" else None

    def build(self, embeddings_shape: tuple, labels_shape: tuple | None = None) -> None:
        """Creates the centres, and the seed of the draws: a random number and a counter."""
        super().build(embeddings_shape)
        seed = random.randrange(2**31)  # reproducible by `keras.utils.set_random_seed`
        self.draws = self.add_state(
            "draws", (2,), lambda shape, dtype: tf.constant([seed, 0], dtype), "int32"
        )

    def adaptive_target(
        self, cosine: tf.Tensor, norm: tf.Tensor, training: bool | None
    ) -> tf.Tensor:
        """Returns `cos(θ + m_i)` or `cos θ − m_i`, with margins drawn if `training`, `[batch]`."""
        margin = self._draw(tf.stop_gradient(cosine)) if training else self.m
        return MARGIN_FORMS[self.form].apply(cosine, margin)

    def _draw(self, cosine: tf.Tensor) -> tf.Tensor:
        """Returns a margin for each of this replica's cosines, `[batch]`."""
        share, cosine = cosine, gather_batch(cosine)
        seed = tf.convert_to_tensor(self.draws)
        margins = tf.random.stateless_normal(
            tf.shape(cosine), seed, self.m, self.sigma, cosine.dtype, alg="philox"
        )
        self.draws.assign_add([0, 1])
        # With a margin below 0 the target would rise near θ = 0.
        margins = tf.clip_by_value(margins, 0.0, MARGIN_FORMS[self.form].most)
        if self.plus:
            easiest_first = tf.argsort(cosine, direction="DESCENDING", stable=True)
            margins = tf.gather(tf.sort(margins), tf.argsort(easiest_first))
        return own_rows(margins, share)
