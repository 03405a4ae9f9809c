"""Layer-wise learning-rate decay, from the head of a network to its input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from facerec_tf.backbones import stages
from facerec_tf.core.keras_private import WeightDecayHook, variable_index


def layer_rates(backbone: keras.Model, decay: float) -> dict[str, float]:
    """Factors on the learning rate of the backbone's variables, by path.

    The last stage trains at the full rate, and every earlier stage at `decay` times the rate of the
    next (layer-wise learning-rate decay, as in ELECTRA 2003.10555 and BEiT 2106.08254).

    Args:
        backbone: The network.
        decay: Factor from stage to stage; the result is empty if it is 1.
    """
    if decay == 1:
        return {}
    found = list(stages(backbone).values())
    return {
        variable.path: decay ** (len(found) - 1 - place)
        for place, layers in enumerate(found)
        for layer in layers
        for variable in layer.trainable_variables
    }


def with_layer_rates(
    optimizer: keras.optimizers.Optimizer, rates: Sequence[float]
) -> keras.optimizers.Optimizer:
    """Copies an optimizer and scales its learning rate per variable.

    Args:
        optimizer: Optimizer that is not built yet.
        rates: Factors, in the order of the variables that the result will be built on.
    """
    kind = type(optimizer)
    scaled_kind: Any = type(kind.__name__, (_LayerRates, kind), {})
    scaled = scaled_kind.from_config(optimizer.get_config())
    scaled.rates = list(rates)
    return scaled


class _LayerRates(WeightDecayHook):
    """Mixes factors on the learning rate into an optimizer."""

    rates: list[float]
    weight_decay: float | None

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        rate = self.rates[variable_index(self, variable)]
        super().update_step(gradient, variable, learning_rate * rate)

    def decay_weights(self, variables: Any) -> None:
        # Decoupled decay takes lr·wd·w: a factor on either is one on both.
        whole = self.weight_decay
        if not whole:
            return
        for variable in variables:
            self.weight_decay = whole * self.rates[variable_index(self, variable)]
            super().decay_weights([variable])
        self.weight_decay = whole
