"""Optimizers, with the weight decay of the published recipes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule

from facerec_tf.config import OptimizerConfig
from facerec_tf.core.keras_private import WeightDecayHook, uses_weight_decay
from facerec_tf.core.lookup import lookup
from facerec_tf.training.layer_rates import with_layer_rates

#: Names of BatchNorm, bias and PReLU weights.
EXEMPT = frozenset({"gamma", "beta", "bias", "alpha"})

Schedule: TypeAlias = LearningRateSchedule | float


@keras.saving.register_keras_serializable(package="facerec_tf")
class CoupledSGD(WeightDecayHook, keras.optimizers.SGD):
    """SGD whose `weight_decay` adds wd·w to the gradient before momentum, as MXNet and PyTorch do.

    Keras' own takes lr·wd·w off the weight instead, outside the momentum. Arguments as for
    `keras.optimizers.SGD`.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates `variable` by `gradient` + wd·variable."""
        if self.weight_decay and uses_weight_decay(self, variable):
            gradient = ops.cast(gradient, variable.dtype) + self.weight_decay * variable
        super().update_step(gradient, variable, learning_rate)

    def decay_weights(self, variables: Any) -> None:
        """Does nothing: the decay is in the gradient."""


def make_optimizer(
    config: OptimizerConfig,
    schedule: Schedule,
    variables: Sequence[keras.Variable],
    rates: Mapping[str, float] | None = None,
) -> keras.optimizers.Optimizer:
    """Builds the optimizer of a run on the variables to train.

    Args:
        config: Options of the optimizer. The trainer clips gradients, by their global norm.
        schedule: Learning rate, or a schedule over the optimizer's steps.
        variables: Variables to train.
        rates: Factors on the learning rate, by path of the variable; 1 by default.
    """
    optimizer = lookup(_OPTIMIZERS, config.optimizer, "optimizer")(config, schedule)
    if rates:
        optimizer = with_layer_rates(optimizer, [rates.get(v.path, 1.0) for v in variables])
    if config.decay_exempt:
        optimizer.exclude_from_weight_decay(var_list=[v for v in variables if v.name in EXEMPT])
    optimizer.build(variables)
    return optimizer


def _sgd(config: OptimizerConfig, schedule: Schedule) -> keras.optimizers.Optimizer:
    sgd = CoupledSGD if config.coupled else keras.optimizers.SGD
    return sgd(schedule, momentum=config.momentum, weight_decay=config.weight_decay)


def _adamw(config: OptimizerConfig, schedule: Schedule) -> keras.optimizers.Optimizer:
    return keras.optimizers.AdamW(schedule, weight_decay=config.weight_decay)


def _lamb(config: OptimizerConfig, schedule: Schedule) -> keras.optimizers.Optimizer:
    return keras.optimizers.Lamb(schedule, weight_decay=config.weight_decay)


_OPTIMIZERS: dict[str, Callable[..., keras.optimizers.Optimizer]] = {
    "sgd": _sgd,
    "adamw": _adamw,
    "lamb": _lamb,
}
