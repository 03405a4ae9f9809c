"""FixedHyperparameters: a layer whose constructor's arguments are shown and cannot change."""

from __future__ import annotations

import inspect
from typing import Any, ClassVar

import keras

from facerec_tf.core.errors import ArgumentError


class FixedHyperparameters(keras.layers.Layer):
    """Base of layers that store each argument of their constructor in an attribute of its name.

    Compiled functions contain the arguments' values, so that a later change would have no effect
    there, although the configuration shows it. The attributes can therefore not be set once the
    layer is built. `repr` shows them.

    Raises:
        ArgumentError: If such an attribute is set after the layer was built.
    """

    _arguments: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _, *parameters = inspect.signature(cls.__init__).parameters.values()
        cls._arguments = tuple(p.name for p in parameters if p.kind is not p.VAR_KEYWORD)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._arguments and getattr(self, "built", False):
            kind = type(self).__name__
            raise ArgumentError(
                f"Argument '{name}' of {kind} cannot change after the layer is built, because "
                f"compiled functions contain its value. Create a new layer: {kind}(…, "
                f"{name}={value!r}). Received: {name}={value!r}"
            )
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        shown = "".join(f", {name}={getattr(self, name)!r}" for name in self._arguments)
        return f"<{type(self).__name__} name={self.name}{shown}, built={self.built}>"
