"""Copies of models that compute in float32."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

#: Classes of layers, and those to rebuild them as.
Replacements = Mapping[type, type]


def in_float32(model: keras.Model, call: Callable[..., Any] | None = None) -> keras.Model:
    """Rebuilds a model of any precision policy in float32 around copies of the same weights.

    Args:
        model: Functional or sequential model; models within it are rebuilt, too.
        call: Calls the rebuilt layers, like `call_function` of `keras.models.clone_model`.
    """
    if isinstance(model, keras.Sequential):
        model = keras.Model(model.inputs, model.outputs, name=model.name)
    clone = keras.models.clone_model(model, clone_function=rebuild, call_function=call)
    clone.set_weights(model.get_weights())
    return clone


def rebuild(layer: Any, replacements: Replacements | None = None, **changes: Any) -> Any:
    """Returns a float32 layer without weights yet, of the same configuration but for `changes`."""
    if isinstance(layer, keras.Model):
        return in_float32(layer)
    if isinstance(layer, keras.layers.Layer):
        changes["dtype"] = "float32"
    kind: Any = (replacements or {}).get(type(layer), type(layer))
    return kind.from_config({**layer.get_config(), **changes})
