"""XlaTrial: a short measurement of whether XLA makes the training steps faster."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from facerec_tf.training.trainer import Batch, Trainer

#: Steps timed with and without XLA. The fastest counts, since disturbances only slow a step down.
STEPS = 3


@dataclasses.dataclass(frozen=True)
class XlaTrial:
    """Durations of forward and backward passes, in seconds.

    Attributes:
        plain: A pass without XLA.
        compiled: A pass compiled by XLA.
        compilation: The first compiled pass, including the compilation.
    """

    plain: float
    compiled: float
    compilation: float

    def pays(self, steps: int) -> bool:
        """Whether XLA shortens a run of `steps` steps, including the compilation."""
        return self.compilation + steps * self.compiled < steps * self.plain


def try_xla(trainer: Trainer, batch: Batch) -> XlaTrial | None:
    """Times passes over `batch` with and without XLA; the recognizer is not changed.

    Args:
        trainer: Trainer of a run on one device.
        batch: `image` `[batch, h, w, 3]` and `label` `[batch]`.

    Returns:
        The durations, or None if XLA cannot compile this model.
    """
    images, labels = tf.constant(batch["image"]), tf.constant(batch["label"])
    state = trainer.recognizer.non_trainable_variables
    before = [tf.identity(variable.value) for variable in state]
    passes = [
        tf.function(trainer.loss_and_gradients, jit_compile=compiled) for compiled in (False, True)
    ]
    try:
        _, compilation = (_seconds(run, images, labels) for run in passes)
        rounds = [[_seconds(run, images, labels) for run in passes] for _ in range(STEPS)]
    except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError):
        return None
    finally:
        for variable, value in zip(state, before, strict=True):
            variable.assign(value)
    plain, compiled = (min(times) for times in zip(*rounds, strict=True))
    return XlaTrial(plain, compiled, compilation)


def _seconds(run: Callable[..., Any], images: tf.Tensor, labels: tf.Tensor) -> float:
    begun = time.perf_counter()
    loss, gradients = run(images, labels)
    # Wait for a GPU to finish.
    float(loss), float(tf.reduce_sum(gradients[0]))
    return time.perf_counter() - begun
