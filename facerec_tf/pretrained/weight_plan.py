"""Assignment of a file's arrays to weights, checked completely before any weight is set."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import keras
import numpy as np

from facerec_tf.core.errors import DataError
from facerec_tf.pretrained.names import Naming
from facerec_tf.pretrained.network_graph import NetworkGraph
from facerec_tf.pretrained.weight_layouts import WeightLayout, layout_of, vector
from facerec_tf.pretrained.weight_source import WeightSource

#: Names listed per kind of fault.
_LISTED = 8


class Slot(NamedTuple):
    """Assignment of one array.

    Attributes:
        array: Name in the file.
        layout: Layout in the file.
        weight: Weight to set; None for a γ that our layer does not have, because it is 1.
        is_one: Whether the weight is 1 regardless of the file's values.
    """

    array: str
    layout: WeightLayout
    weight: keras.Variable | None
    is_one: bool = False


class Folded(NamedTuple):
    """A BatchNorm layer `norm` that is folded into the layer `linear` before it."""

    linear: str
    norm: str


@dataclasses.dataclass(frozen=True)
class WeightPlan:
    """All changes that an import makes to a newly built backbone.

    Attributes:
        slots: Assignment of each array.
        constants: Weights without an array in the file, and their values.
        epsilons: ε by BatchNorm layer.
        folded: BatchNorm layers without statistics.
        missing: Weights without an array and without a slot.
        rewired: Layers that have other inputs in the file.
        ignored: Names of arrays that are not used.
    """

    slots: tuple[Slot, ...]
    constants: tuple[tuple[keras.Variable, float], ...] = ()
    epsilons: Mapping[str, float] = dataclasses.field(default_factory=dict)
    folded: tuple[Folded, ...] = ()
    missing: tuple[str, ...] = ()
    rewired: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def faults(self, source: WeightSource) -> list[str]:
        """Describes what does not fit, in one line per kind of fault."""
        names = [slot.array for slot in self.slots]
        missing = [*self.missing, *(name for name in names if name not in source.arrays)]
        left = sorted(set(source.arrays) - {*names, *self.ignored}, key=[*source.arrays].index)
        other = [
            f"{slot.array} is {shape} and should be {slot.layout.shape}"
            for slot in self.slots
            if slot.array in source.arrays
            and not slot.layout.fits(shape := source.arrays[slot.array].shape)
        ]
        kinds = {
            "missing": missing,
            "left over": left,
            "wanted twice": [name for name, count in Counter(names).items() if count > 1],
            "of another shape": other,
            "fed by other layers": self.rewired,
        }
        return [f"{len(v)} {kind} ({_some(v)})" for kind, v in kinds.items() if v]

    def carry_out(self, source: WeightSource, backbone: keras.Model) -> None:
        """Sets all weights, and ε of all BatchNorm layers; `faults` must be empty.

        Raises:
            DataError: If an array has impossible values; no weight is set then.
        """
        for slot in self.slots:
            _require_sane(slot, source)
        for slot in self.slots:
            if slot.weight is not None:
                array = slot.layout.take(source.arrays[slot.array])
                array = np.ones_like(array) if slot.is_one else array
                slot.weight.assign(array.reshape(slot.weight.shape))
        for weight, value in self.constants:
            weight.assign(np.full(weight.shape, value))
        for name, epsilon in self.epsilons.items():
            backbone.get_layer(name).epsilon = epsilon


def plan_by_name(backbone: keras.Model, source: WeightSource, naming: Naming) -> WeightPlan:
    """Returns the plan for a file with the array names of `naming`."""
    graph = NetworkGraph(backbone)
    slots: list[Slot] = []
    epsilons: dict[str, float] = {}
    missing: list[str] = []
    fixed = naming.fixed_gammas if source.fixed_gammas is None else source.fixed_gammas
    for layer in backbone.layers:
        for weight in layer.weights:
            # Weights of nested layers have the nested layer in their path.
            path = weight.path.rpartition("/")[0]
            theirs = naming.layer(path)
            if theirs is None:
                missing.append(weight.path)
                continue
            array = naming.array(theirs, weight.name, source.arrays)
            is_one = weight.name == "gamma" and theirs in fixed
            layout = layout_of(layer, weight, graph.flattened(layer))
            slots.append(Slot(array, layout, weight, is_one))
        if isinstance(layer, keras.layers.BatchNormalization) and layer.weights:
            theirs = naming.layer(layer.name)
            default = naming.epsilon_of(layer.name)
            epsilons[layer.name] = source.epsilons.get(theirs or "", default)
            if layer.gamma is None and theirs is not None:
                shape = vector(tuple(layer.moving_mean.shape))
                array = naming.array(theirs, "gamma", source.arrays)
                slots.append(Slot(array, shape, None, theirs in fixed))
    names = {slot.array for slot in slots}
    ignored = [x for x in source.arrays if naming.is_ignored(x) and x not in names]
    return WeightPlan(
        tuple(slots), epsilons=epsilons, missing=tuple(missing), ignored=tuple(ignored)
    )


def _require_sane(slot: Slot, source: WeightSource) -> None:
    array = source.arrays[slot.array]
    if slot.weight is None and not slot.is_one and not np.allclose(array, 1, atol=1e-6):
        raise DataError(
            f"Array '{slot.array}' of '{source.file}' must be all 1, because this network's "
            f"embedding has no learned scale. Its values range from {array.min():g} to "
            f"{array.max():g}."
        )
    if slot.weight is not None and slot.weight.name == "moving_variance" and array.min() < 0:
        raise DataError(
            f"Array '{slot.array}' of '{source.file}' contains negative variances, for example "
            f"{array.min():g}."
        )


def _some(names: Iterable[str]) -> str:
    names = [*names]
    rest = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join([*names[:_LISTED], *rest])
