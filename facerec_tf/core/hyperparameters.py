"""The parameters of a head or a loss, read from its constructor."""

from __future__ import annotations

import inspect
from typing import Any

#: Determined by the training data, not by the user.
_FROM_DATA = "num_classes"


def hyperparameters(layer: type) -> dict[str, Any]:
    """Returns names and defaults of the constructor parameters of `layer`, except num_classes."""
    parameters = inspect.signature(layer).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name != _FROM_DATA and p.kind is not p.VAR_KEYWORD
    }


def takes_num_classes(layer: type) -> bool:
    """Returns whether the constructor of `layer` takes `num_classes`."""
    return _FROM_DATA in inspect.signature(layer).parameters
