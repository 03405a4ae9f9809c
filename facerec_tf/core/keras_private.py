"""Private methods of Keras that this package depends on, in one place.

Keras may change a private method in any release. Importing this module checks that each of them
still exists with the parameters it had, so that a version problem is reported by name, before
training starts. No other module of the package uses a private name of Keras.
"""

from __future__ import annotations

import inspect
from typing import Any

import keras

#: Oldest and newest Keras that passed the test suite.
TESTED_VERSIONS = ("3.12.1", "3.15")

#: Private method of an optimizer → its parameters after `self`.
_OPTIMIZER_METHODS = {
    "_all_reduce_sum_gradients": ("grads_and_vars",),
    "_apply_weight_decay": ("variables",),
    "_get_variable_index": ("variable",),
    "_use_weight_decay": ("variable",),
}


class WeightDecayHook(keras.optimizers.Optimizer):
    """Mixin for optimizers: lets a subclass replace the decoupled weight decay.

    Name it before the optimizer among the base classes and override `decay_weights`.
    """

    def decay_weights(self, variables: Any) -> None:
        """Applies the optimizer's decoupled weight decay to `variables`, before their update."""
        super()._apply_weight_decay(variables)

    def _apply_weight_decay(self, variables: Any) -> None:
        self.decay_weights(variables)


def uses_weight_decay(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> bool:
    """Whether `optimizer` decays `variable`: false if `exclude_from_weight_decay` named it."""
    return optimizer._use_weight_decay(variable)


def variable_index(optimizer: keras.optimizers.Optimizer, variable: keras.Variable) -> int:
    """Position of `variable` among those that `optimizer` was built on."""
    return optimizer._get_variable_index(variable)


def apply_gradients_as_given(optimizer: keras.optimizers.Optimizer) -> None:
    """Stops `optimizer` from summing gradients over the replicas: the caller has done so."""
    optimizer._all_reduce_sum_gradients = lambda grads_and_vars: grads_and_vars


def require_private_methods(kind: type[keras.optimizers.Optimizer]) -> None:
    """Checks that optimizers of class `kind` have the private methods used here.

    Raises:
        ImportError: If a method is missing or takes other parameters. The message names the method,
            the installed version of Keras and the versions that work.
    """
    for name, expected in _OPTIMIZER_METHODS.items():
        method = getattr(kind, name, None)
        if method is not None and tuple(inspect.signature(method).parameters)[1:] == expected:
            continue
        problem = "is missing from" if method is None else "takes other parameters in"
        oldest, newest = TESTED_VERSIONS
        raise ImportError(
            f"facerec_tf depends on the private method Optimizer.{name}, which {problem} Keras "
            f"{keras.__version__}. Keras {oldest} to {newest} work: "
            f"pip install 'keras>={oldest},<={newest}.*'"
        )


require_private_methods(keras.optimizers.Optimizer)
