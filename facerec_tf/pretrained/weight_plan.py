"""Which array of a file goes to which weight: made, checked, and only then carried out."""

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

#: Names listed of each kind of fault.
_LISTED = 12


class Slot(NamedTuple):
    """One array's place.

    Attributes:
        array: Its name in the file.
        layout: How it lies there.
        weight: Where it goes; None for a γ that our layer does not have, as it is 1.
        is_one: Whether 1 counts, whatever the file holds.
    """

    array: str
    layout: WeightLayout
    weight: keras.Variable | None
    is_one: bool = False


class Folded(NamedTuple):
    """A BatchNorm layer whose statistics are folded into the layer before it."""

    linear: str
    norm: str


@dataclasses.dataclass(frozen=True)
class WeightPlan:
    """All that is to be done to a freshly built backbone.

    Attributes:
        slots: A place for every array.
        constants: Weights the file knows nothing of, and what fills them.
        epsilons: ε by BatchNorm layer.
        folded: BatchNorm layers without statistics.
        missing: What the file has no arrays for, beyond what the slots tell.
        rewired: Layers that other layers feed in the file.
        ignored: Names of arrays that are left aside.
    """

    slots: tuple[Slot, ...]
    constants: tuple[tuple[keras.Variable, float], ...] = ()
    epsilons: Mapping[str, float] = dataclasses.field(default_factory=dict)
    folded: tuple[Folded, ...] = ()
    missing: tuple[str, ...] = ()
    rewired: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()

    def faults(self, source: WeightSource) -> list[str]:
        """Returns what does not fit, in one line for each kind of fault."""
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
        """Sets every weight, and ε of every BatchNorm; `faults` must have found none.

        Raises:
            DataError: If an array's numbers cannot be what they should be; nothing is set then.
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
    """Returns the plan for a file whose arrays have the names of `naming`."""
    graph = NetworkGraph(backbone)
    slots: list[Slot] = []
    epsilons: dict[str, float] = {}
    missing: list[str] = []
    fixed = naming.fixed_gammas if source.fixed_gammas is None else source.fixed_gammas
    for layer in backbone.layers:
        for weight in layer.weights:
            # A layer inside this one has a name of its own.
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
            epsilons[layer.name] = source.epsilons.get(theirs, naming.epsilon_of(layer.name))
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
            f"Array '{slot.array}' of '{source.file}' must be all 1, as this network's embedding "
            f"has no learned scale. It goes from {array.min():g} to {array.max():g}."
        )
    if slot.weight is not None and slot.weight.name == "moving_variance" and array.min() < 0:
        raise DataError(
            f"Array '{slot.array}' of '{source.file}' holds variances below 0, {array.min():g} "
            "for one."
        )


def _some(names: Iterable[str]) -> str:
    names = [*names]
    rest = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join([*names[:_LISTED], *rest])
