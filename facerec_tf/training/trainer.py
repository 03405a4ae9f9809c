"""Trainer: the inner loop, n steps inside one `tf.function`."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from facerec_tf.core.errors import DataError
from facerec_tf.core.keras_private import apply_gradients_as_given
from facerec_tf.models import Recognizer
from facerec_tf.training.weight_average import WeightAverage

#: Number of consecutive steps without a finite loss and gradient after which training stops.
PATIENCE = 10
#: Number of consecutive steps with a gradient of exactly 0 after which training stops.
ZERO_PATIENCE = 50
#: The loss scale, which float16 gradients need, doubles after this many finite steps.
SCALE_GROWTH_STEPS = 2000
INITIAL_SCALE = 2.0**15

Batch = dict[str, Any]


class Trainer:
    """Runs training steps on one or more devices, and skips steps that are not finite.

    In one step, every replica computes loss and gradients of its part of the batch. The gradients
    are summed over the replicas and clipped by their global norm. If loss and norm are finite, the
    optimizer applies them; otherwise the step changes nothing but the count of skipped steps.

    Args:
        recognizer: Model to train, created in the strategy's scope.
        optimizer: Optimizer built on the recognizer's trainable variables.
        clip_norm: Largest global gradient norm; 0 does not clip.
        ema: Decay of the running average of the backbone's weights; 0 disables it.
        xla: Whether XLA compiles forward and backward pass. It can be changed before the first
            step.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        optimizer: keras.optimizers.Optimizer,
        *,
        clip_norm: float = 0.0,
        ema: float = 0.0,
        xla: bool = False,
    ) -> None:
        self.recognizer = recognizer
        self.optimizer = optimizer
        # The trainer sums them itself, because clipping needs the norm of the sum.
        apply_gradients_as_given(optimizer)
        self.strategy = tf.distribute.get_strategy()
        self.clip_norm = clip_norm
        self._scales_loss = recognizer.backbone.compute_dtype == "float16"
        self.xla = xla
        self.average = WeightAverage(recognizer.backbone.weights, ema) if ema else None
        self.skipped = _counter("skipped")
        self.skipped_in_a_row = _counter("skipped_in_a_row")
        self.finite_in_a_row = _counter("finite_in_a_row")
        # Not part of the state, which has the variables that a resumed run depends on.
        self.zero_in_a_row = _counter("zero_in_a_row")
        scale = INITIAL_SCALE if self._scales_loss else 1.0
        self.loss_scale = tf.Variable(scale, trainable=False, name="loss_scale")

    @tf.function(reduce_retracing=True)
    def run(self, iterator: Any, steps: tf.Tensor, head_only: bool = False) -> dict[str, tf.Tensor]:
        """Takes `steps` steps, or fewer if training cannot continue.

        That is after `PATIENCE` consecutive steps whose loss or gradient is not finite, and after
        `ZERO_PATIENCE` consecutive steps whose gradient is exactly 0 though the loss is not.

        Args:
            iterator: Iterator over (distributed) batches of `image` `[batch, h, w, 3]` and `label`
                `[batch]`.
            steps: int32 scalar tensor; a Python number would retrace the function. 0 traces the
                function and takes no batch.
            head_only: Whether only the objective's variables are trained, on the embeddings of the
                backbone in inference mode.

        Returns:
            Scalars: mean `loss` over the finite steps, the last `gradient_norm`, and the number of
            `steps` taken.
        """
        total, finite_steps, norm = tf.constant(0.0), tf.constant(0.0), tf.constant(0.0)
        taken = tf.constant(0)
        while (
            taken < steps
            and self.skipped_in_a_row < PATIENCE
            and self.zero_in_a_row < ZERO_PATIENCE
        ):
            loss, norm = self._step(next(iterator), head_only)
            finite = tf.math.is_finite(loss) & tf.math.is_finite(norm)
            total += tf.where(finite, loss, 0.0)
            finite_steps += tf.cast(finite, tf.float32)
            taken += 1
        return {
            "loss": total / finite_steps,
            "gradient_norm": norm,
            "steps": taken,
        }

    def loss_and_gradients(
        self, images: tf.Tensor, labels: tf.Tensor, head_only: bool = False
    ) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """The replica's share of the global mean loss, and its gradients times the loss scale."""
        with tf.GradientTape() as tape:
            embeddings = self.recognizer(images, training=not head_only)
            if head_only:
                embeddings = tf.stop_gradient(embeddings)
            loss = self.recognizer.compute_loss(x=images, y=labels, y_pred=embeddings)
            scaled = loss * self.loss_scale
        variables = [variable.value for variable in self._trained(head_only)]
        return loss, tape.gradient(scaled, variables)

    @contextlib.contextmanager
    def averaged_weights(self) -> Iterator[None]:
        """Context in which the backbone holds the running average, if the run keeps one."""
        with self.average.applied() if self.average else contextlib.nullcontext():
            yield

    def state(self) -> dict[str, np.ndarray]:
        """Values of all variables that a run depends on, by name."""
        return {name: variable.numpy() for name, variable in self._variables().items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Assigns values that `state` returned.

        Raises:
            DataError: If `state` belongs to another model or optimizer. Nothing is changed then.
        """
        variables = self._variables()
        ours = {name: tuple(variable.shape) for name, variable in variables.items()}
        theirs = {name: array.shape for name, array in state.items()}
        if ours != theirs:
            raise DataError(
                "The checkpoint does not match this model and optimizer: it was written by another "
                "configuration or version."
            )
        for name, variable in variables.items():
            variable.assign(state[name])

    def _variables(self) -> dict[str, Any]:
        groups = {
            "model": self.recognizer.variables,
            "optimizer": self.optimizer.variables,
            "average": self.average.averages if self.average else [],
            "trainer": [
                self.skipped,
                self.skipped_in_a_row,
                self.finite_in_a_row,
                self.loss_scale,
            ],
        }
        # Named by index: Keras' own names depend on the objects created before in the process.
        return {
            f"{group}/{place:04d}": variable
            for group, variables in groups.items()
            for place, variable in enumerate(variables)
        }

    def _step(self, batch: Batch, head_only: bool) -> tuple[tf.Tensor, tf.Tensor]:
        state = self.recognizer.non_trainable_variables
        before = [tf.identity(variable.value) for variable in state]
        loss, gradients, norm = self.strategy.run(self._replica_step, args=(batch, head_only))
        loss = self.strategy.reduce("SUM", loss, axis=None)
        norm = self.strategy.reduce("MEAN", norm, axis=None)

        def apply() -> None:
            self.strategy.run(self._replica_apply, args=(gradients, head_only))
            self.skipped_in_a_row.assign(0)
            self.finite_in_a_row.assign_add(1)
            # A loss of 0 has no gradient either: every margin is satisfied.
            is_zero = (norm == 0.0) & (loss != 0.0)
            self.zero_in_a_row.assign(tf.where(is_zero, self.zero_in_a_row + 1, 0))
            if self.average:
                self.average.update(self.optimizer.iterations.value)
            if self._scales_loss and self.finite_in_a_row % SCALE_GROWTH_STEPS == 0:
                self.loss_scale.assign(self.loss_scale * 2.0)

        def skip() -> None:
            # The forward pass has already changed the BatchNorm statistics.
            for variable, value in zip(state, before, strict=True):
                variable.assign(value)
            self.finite_in_a_row.assign(0)
            self.skipped.assign_add(1)
            self.skipped_in_a_row.assign_add(1)
            if self._scales_loss:
                self.loss_scale.assign(tf.maximum(self.loss_scale / 2.0, 1.0))

        if tf.math.is_finite(loss) & tf.math.is_finite(norm):
            apply()
        else:
            skip()
        return loss, norm

    def _replica_step(
        self, batch: Batch, head_only: bool
    ) -> tuple[tf.Tensor, list[tf.Tensor], tf.Tensor]:
        compute = functools.partial(self.loss_and_gradients, head_only=head_only)
        if self.xla:
            compute = tf.function(compute, jit_compile=True)
        loss, gradients = compute(batch["image"], batch["label"])
        replica = tf.distribute.get_replica_context()
        if replica.num_replicas_in_sync > 1:
            gradients = replica.all_reduce("SUM", gradients)
        if self._scales_loss:
            gradients = [gradient / self.loss_scale for gradient in gradients]
        norm = tf.linalg.global_norm(gradients)
        if self.clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self.clip_norm, use_norm=norm)
        return loss, gradients, norm

    def _replica_apply(self, gradients: list[tf.Tensor], head_only: bool) -> None:
        self.optimizer.apply(gradients, self._trained(head_only))

    def _trained(self, head_only: bool) -> list[keras.Variable]:
        if not head_only:
            return self.recognizer.trainable_variables
        objective = self.recognizer.objective
        return objective.trainable_variables if objective else []


def _counter(name: str) -> tf.Variable:
    return tf.Variable(0, trainable=False, dtype=tf.int64, name=name)
