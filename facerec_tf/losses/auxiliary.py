"""Auxiliaries: weighted losses on embeddings that are added to a main loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from facerec_tf.core.errors import ArgumentError, require_positive
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.core.lookup import lookup
from facerec_tf.losses.base import EmbeddingLoss
from facerec_tf.losses.table import LOSSES, get


class Auxiliary(NamedTuple):
    """A loss and its weight in the sum."""

    loss: EmbeddingLoss
    weight: float


def parse_auxiliaries(specs: Sequence[str], num_classes: int) -> list[Auxiliary]:
    """Returns the losses specified by `specs`.

    Args:
        specs: Each `NAME` or `NAME:WEIGHT`, optionally followed by `:PARAMETER=VALUE`, such as
            `center:0.003` or `triplet:0.5:mining=batch_hard:m=0.3`. The default weight is the
            paper's.
        num_classes: Number of identities trained on.

    Raises:
        ArgumentError: If a name or parameter is unknown or repeated, a weight is not positive,
            or a parameter is outside its domain.
    """
    _require_once([spec.split(":")[0] for spec in specs], "each loss", ",".join(specs))
    return [_parse(spec, num_classes) for spec in specs]


def _parse(spec: str, num_classes: int) -> Auxiliary:
    name, *rest = spec.split(":")
    loss = lookup(LOSSES, name, "auxiliary")
    weight = loss.auxiliary_weight
    if rest and "=" not in rest[0]:
        weight = _number(rest.pop(0), f"auxiliary {name}'s weight")
        require_positive(f"auxiliary {name}'s weight", weight)
    options = {}
    _require_once([item.partition("=")[0] for item in rest], "each parameter", spec)
    for item in rest:
        key, _, value = item.partition("=")
        default = lookup(hyperparameters(loss), key, f"auxiliary {name}'s parameter")
        options[key] = value if isinstance(default, str) else _number(value, key)
    return Auxiliary(get(name, num_classes=num_classes, name=name, **options), weight)


def _require_once(names: Sequence[str], what: str, text: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ArgumentError(
                f"Argument 'auxiliary' must name {what} once. Received: {name!r} "
                f"{names.count(name)} times in {text}"
            )


def _number(text: str, name: str) -> Any:
    try:
        return float(text)
    except ValueError:
        raise ArgumentError(f"Argument '{name}' must be a number. Received: {text!r}") from None
