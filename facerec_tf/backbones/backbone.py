"""A network by name: its builder, what the name fixes of it, what it costs."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import keras

from facerec_tf.core.errors import ArgumentError

#: What every builder takes; the other keyword arguments are a network's own options.
_COMMON = frozenset({"embedding_size", "dropout", "input_shape", "name"})


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A family's builder with the arguments that make one network of it.

    Calling it builds the network, a `keras.Model` from RGB pixels 0–255 `[batch, h, w, 3]` to
    float32 embeddings `[batch, embedding_size]`, not normalised. Keyword arguments replace the
    network's own: `embedding_size`, `dropout`, `input_shape`, and those in `options`.

    Attributes:
        name: What `--backbone` calls it.
        builder: Builds a network of the family.
        source: Where it was published.
        layout: The builder's positional arguments.
        preset: Keyword arguments of this network that differ from the family's.
        parameters: Trainable parameters at its own input and embedding size, if known.
        multiply_adds: Multiply-adds of one embedding, likewise.
    """

    name: str
    builder: Callable[..., keras.Model]
    source: str
    layout: tuple[Any, ...] = ()
    preset: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    parameters: int | None = None
    multiply_adds: int | None = None

    def __call__(self, **arguments: Any) -> keras.Model:
        """Builds the network.

        Raises:
            ArgumentError: If it takes no argument of a name, or a value is outside its domain.
        """
        for name in arguments:
            if name not in self._defaults:
                own = ", ".join(sorted(self._defaults))
                raise ArgumentError(f"Backbone {self.name} takes no '{name}', but {own}.")
        return self.builder(*self.layout, **{"name": self.name, **self.preset, **arguments})

    @property
    def options(self) -> dict[str, Any]:
        """Names and defaults of what can be chosen beside size and dropout."""
        return {k: v for k, v in self._defaults.items() if k not in _COMMON}

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width the network is made for."""
        height, width, _ = self._defaults["input_shape"]
        return height, width

    @property
    def embedding_size(self) -> int:
        """Length of its embeddings, unless asked otherwise."""
        return self._defaults["embedding_size"]

    @property
    def _defaults(self) -> dict[str, Any]:
        parameters = inspect.signature(self.builder).parameters.values()
        own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        return {**own, **self.preset}


def model_name(name: str) -> str:
    """Returns a backbone's name as Keras lets a model be called."""
    return name.replace(":", "_")
