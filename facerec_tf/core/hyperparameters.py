"""What a head or a loss can be configured with, read from its constructor."""

from __future__ import annotations

import inspect
from typing import Any

#: What the training data decides, not the user.
_FROM_DATA = "num_classes"


def hyperparameters(layer: type) -> dict[str, Any]:
    """Returns names and defaults of the parameters of `layer`'s constructor, less num_classes."""
    parameters = inspect.signature(layer).parameters.values()
    return {
        p.name: p.default
        for p in parameters
        if p.name != _FROM_DATA and p.kind is not p.VAR_KEYWORD
    }


def takes_num_classes(layer: type) -> bool:
    """Returns whether the constructor of `layer` takes the number of identities."""
    return _FROM_DATA in inspect.signature(layer).parameters
