"""A named network: its builder, its preset arguments, its cost."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from facerec_tf.core.errors import ArgumentError, require, require_count

#: Arguments of every builder; the other keyword arguments are options of the family.
_COMMON = frozenset({"embedding_size", "dropout", "input_shape", "name"})


@dataclasses.dataclass(frozen=True)
class Backbone:
    """A network: the builder of its family and the arguments that define this member.

    Calling it builds the network, a `keras.Model` from RGB pixels 0–255 `[batch, h, w, 3]` to
    float32 embeddings `[batch, embedding_size]`, not normalised. Keyword arguments override the
    preset: `embedding_size`, `dropout`, `input_shape`, and the names in `options`. As for the
    flag, `image_size=(height, width)` can be given instead of `input_shape`.

    Attributes:
        name: Value of `--backbone`.
        builder: Function that builds a network of the family.
        source: Publication or project that defines it.
        layout: Positional arguments for the builder.
        preset: Keyword arguments for the builder that differ from its defaults.
        parameters: Trainable parameters at the default input and embedding size, if known.
        multiply_adds: Multiply-adds per embedding at the default sizes, if known.
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
            ArgumentError: If an argument is unknown or outside its domain.
        """
        accepted = {*self._defaults, "image_size"}
        for name in arguments:
            if name not in accepted:
                own = ", ".join(sorted(accepted))
                raise ArgumentError(
                    f"Backbone '{self.name}' does not take an argument '{name}'. It takes: {own}."
                )
        if "image_size" in arguments:
            arguments = _with_input_shape(**arguments)
        return self.builder(*self.layout, **{"name": self.name, **self.preset, **arguments})

    def __repr__(self) -> str:
        height, width = self.image_size
        cost = f", parameters={self.parameters:,}" if self.parameters else ""
        return (
            f"<Backbone {self.name}: {height}×{width} pixels, embedding_size="
            f"{self.embedding_size}{cost}, {self.source}>"
        )

    @property
    def options(self) -> dict[str, Any]:
        """Names and defaults of the options of this family, such as `drop_path`."""
        return {k: v for k, v in self._defaults.items() if k not in _COMMON}

    @property
    def image_size(self) -> tuple[int, int]:
        """Default height and width of the input, in pixels."""
        height, width, _ = self._defaults["input_shape"]
        return height, width

    @property
    def embedding_size(self) -> int:
        """Default length of the embeddings."""
        return self._defaults["embedding_size"]

    @property
    def _defaults(self) -> dict[str, Any]:
        parameters = inspect.signature(self.builder).parameters.values()
        own = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        return {**own, **self.preset}


def _with_input_shape(image_size: Sequence[int], **arguments: Any) -> dict[str, Any]:
    """The arguments with `input_shape` in place of `image_size`."""
    if "input_shape" in arguments:
        raise ArgumentError(
            "Arguments 'image_size' and 'input_shape' exclude each other. Received: "
            f"{image_size=}, input_shape={arguments['input_shape']!r}"
        )
    is_size = isinstance(image_size, tuple | list) and len(image_size) == 2
    require(is_size, "image_size", "(height, width) in pixels", image_size)
    for length in image_size:
        require_count("image_size", length)
    return {**arguments, "input_shape": (*image_size, 3)}


def model_name(name: str) -> str:
    """Returns the name of the Keras model for a backbone's name: Keras does not allow colons."""
    return name.replace(":", "_")
