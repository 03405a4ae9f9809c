"""Matches a graph whose arrays have no names to our layers by order, shape and connections."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import keras

from facerec_tf.pretrained.network_graph import NetworkGraph
from facerec_tf.pretrained.weight_layouts import Shape, layout_of, stripped, vector
from facerec_tf.pretrained.weight_plan import Folded, Slot, WeightPlan
from facerec_tf.pretrained.weight_source import WeightSource

#: Each step has one of these weights, which determines its kind and shape.
_MAIN = ("kernel", "moving_mean", "alpha")
_LINEAR, _NORM = "kernel", "moving_mean"

#: ε of a BatchNorm that was folded away.
_EPSILON = 1e-5


class _Step(NamedTuple):
    """A layer of our network or an operation of the file."""

    name: str
    kind: str
    shape: Shape
    inputs: frozenset[str]


def plan_by_order(backbone: keras.Model, source: WeightSource) -> WeightPlan:
    """Returns the plan for a graph whose steps are in the order of our layers.

    Steps of the same kind and shape are paired in order; a BatchNorm directly after a convolution
    is paired with the convolution. Then the inputs of each pair must be pairs, too, so that the
    same layers in another arrangement are rejected. If our convolution has a BatchNorm and theirs
    does not, theirs was folded into kernel and bias; our BatchNorm then only adds that bias.
    """
    graph = NetworkGraph(backbone)
    weighted = [layer for layer in backbone.layers if layer.weights]
    flattened = {layer.name: graph.flattened(layer) for layer in weighted}
    ours = [
        _step(
            layer.name,
            {w.name: layout_of(layer, w, flattened[layer.name]).shape for w in layer.weights},
            graph.inputs(layer),
        )
        for layer in weighted
    ]
    theirs = [
        _step(x.name, {role: source.arrays[key].shape for role, key in x.arrays.items()}, x.inputs)
        for x in source.operations
    ]
    pairs, folded = _pair(ours, theirs)
    missing = [f"{x.name} {x.shape}" for x in ours if x.name not in pairs]
    rewired = [] if missing else _rewired(ours, theirs, pairs)
    arrays = {x.name: x.arrays for x in source.operations}
    linear_of = {norm: linear for linear, norm in folded}
    slots: list[Slot] = []
    constants: list[tuple[keras.Variable, float]] = []
    epsilons: dict[str, float] = {}
    for layer in weighted:
        given = dict(arrays.get(pairs.get(layer.name, ""), {}))
        own = {w.name: w for w in layer.weights}
        if layer.name in linear_of:
            has_bias = backbone.get_layer(linear_of[layer.name]).use_bias
            given = {} if has_bias or "bias" not in given else {"beta": given["bias"]}
            idle = {"gamma": 1.0, "beta": 0.0, "moving_mean": 0.0, "moving_variance": 1 - _EPSILON}
            constants += [(w, idle[role]) for role, w in own.items() if role not in given]
            epsilons[layer.name] = _EPSILON
        elif isinstance(layer, keras.layers.BatchNormalization) and given:
            epsilons[layer.name] = source.epsilons[pairs[layer.name]]
            if "gamma" not in own:
                shape = vector(tuple(layer.moving_mean.shape))
                slots.append(Slot(given["gamma"], shape, None))
        elif given:
            missing += [w.path for role, w in own.items() if role not in given]
        slots += [
            Slot(given[role], layout_of(layer, w, flattened[layer.name]), w)
            for role, w in own.items()
            if role in given
        ]
    return WeightPlan(
        tuple(slots),
        tuple(constants),
        epsilons,
        folded=tuple(folded),
        missing=tuple(missing),
        rewired=tuple(rewired),
    )


def _step(name: str, shapes: Mapping[str, Shape], inputs: frozenset[str]) -> _Step:
    kind = next(role for role in (*_MAIN, *shapes) if role in shapes)
    return _Step(name, kind, stripped(shapes[kind]), inputs)


def _pair(ours: Sequence[_Step], theirs: Sequence[_Step]) -> tuple[dict[str, str], list[Folded]]:
    """Returns the partner of each of our steps, and our BatchNorms whose partner is folded away.

    The partner of a folded BatchNorm is that of the convolution before it.
    """
    our_norms, their_norms = _norms(ours), _norms(theirs)
    waiting: dict[tuple, deque[str]] = defaultdict(deque)
    for step in theirs:
        if step.name not in their_norms.values():
            waiting[step.kind, step.shape].append(step.name)
    pairs: dict[str, str] = {}
    for step in ours:
        if step.name not in our_norms.values() and (queue := waiting[step.kind, step.shape]):
            pairs[step.name] = queue.popleft()
    folded = []
    for linear, norm in our_norms.items():
        if linear in pairs:
            pairs[norm] = their_norms.get(pairs[linear], pairs[linear])
            if pairs[norm] == pairs[linear]:
                folded.append(Folded(linear, norm))
    return pairs, folded


def _norms(steps: Iterable[_Step]) -> dict[str, str]:
    """Maps each convolution or fully connected layer to the BatchNorm directly after it."""
    kinds = {step.name: step.kind for step in steps}
    return {
        next(iter(step.inputs)): step.name
        for step in steps
        if step.kind == _NORM and [kinds[name] for name in step.inputs] == [_LINEAR]
    }


def _rewired(ours: Iterable[_Step], theirs: Iterable[_Step], pairs: Mapping[str, str]) -> list[str]:
    """Describes our steps whose inputs are not the partners of their partner's inputs."""
    feeding = {step.name: step.inputs for step in theirs}
    return [
        f"{step.name}, here by {', '.join(sorted(step.inputs)) or 'the image'}"
        for step in ours
        if {pairs[x] for x in step.inputs} not in ({pairs[step.name]}, feeding[pairs[step.name]])
    ]
