"""Measures the statistics of BatchNorm layers that an exporter folded away."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.pretrained.weight_plan import Folded

#: Images per batch.
_BATCH = 16


def calibrate(backbone: keras.Model, folded: Sequence[Folded], images: np.ndarray) -> None:
    """Sets the statistics of folded BatchNorm layers to those of their inputs on `images`.

    γ and β are set so that inference does not change. Training normalises by the statistics of the
    batch. With calibrated statistics its outputs are close to those of inference; without them
    they would be unrelated.

    Args:
        backbone: Imported network.
        folded: Its BatchNorm layers without statistics. Layers whose γ is fixed to 1 are not
            changed.
        images: uint8 `[n, h, w, 3]`.
    """
    norms = [backbone.get_layer(x.norm) for x in folded]
    norms = [norm for norm in norms if norm.gamma is not None]
    if not norms:
        return
    model = keras.Model(backbone.input, [norm.input for norm in norms])

    @tf.function
    def measure(batch: tf.Tensor) -> list[tuple[tf.Tensor, tf.Tensor]]:
        outputs = [tf.cast(x, tf.float32) for x in tf.nest.flatten(model(batch, training=False))]
        return [tf.nn.moments(x, list(range(len(x.shape) - 1))) for x in outputs]

    shares, moments = [], []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH].astype(np.float32)
        shares.append(len(batch) / len(images))
        moments.append([(m.numpy(), v.numpy()) for m, v in measure(batch)])
    for number, norm in enumerate(norms):
        means, variances = map(np.array, zip(*(x[number] for x in moments), strict=True))
        mean = np.average(means, 0, shares)
        variance = np.average(variances + (means - mean) ** 2, 0, shares)
        _set_statistics(norm, mean, variance)


def _set_statistics(norm: keras.layers.Layer, mean: np.ndarray, variance: np.ndarray) -> None:
    """Sets the statistics of a BatchNorm and adapts γ and β so that inference does not change."""
    gamma, beta, old_mean, old_variance = (
        np.asarray(w, np.float64)
        for w in (norm.gamma, norm.beta, norm.moving_mean, norm.moving_variance)
    )
    slope = gamma / np.sqrt(old_variance + norm.epsilon)
    norm.gamma.assign(slope * np.sqrt(variance + norm.epsilon))
    norm.beta.assign(beta + slope * (mean - old_mean))
    norm.moving_mean.assign(mean)
    norm.moving_variance.assign(variance)
