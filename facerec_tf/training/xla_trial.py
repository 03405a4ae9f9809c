"""A short trial of whether XLA makes a run's steps faster."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from facerec_tf.training.trainer import Batch, Trainer

#: Steps timed each way; the fastest counts, as what disturbs a step only slows it.
STEPS = 3


@dataclasses.dataclass(frozen=True)
class XlaTrial:
    """What a trial measured, in seconds.

    Attributes:
        plain: A forward and backward pass of the plain graph.
        compiled: The same, compiled by XLA.
        compilation: The first compiled pass, which compiles.
    """

    plain: float
    compiled: float
    compilation: float

    def pays(self, steps: int) -> bool:
        """Whether a run of `steps` steps ends sooner compiled, the compilation included."""
        return self.compilation + steps * self.compiled < steps * self.plain


def try_xla(trainer: Trainer, batch: Batch) -> XlaTrial | None:
    """Times passes over `batch` both ways, and leaves no trace in the recognizer.

    Args:
        trainer: Trainer of a run on one device.
        batch: `image` `[batch, h, w, 3]` and `label` `[batch]`.

    Returns:
        The measurement, or None if XLA cannot compile this model.
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
    # What a GPU has yet to compute counts, too.
    float(loss), float(tf.reduce_sum(gradients[0]))
    return time.perf_counter() - begun
