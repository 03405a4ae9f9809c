"""What a reader makes of a weight file, whoever wrote it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Scaling(NamedTuple):
    """What is done to pixels before a network's first layer: `x·scale + offset`."""

    scale: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(cls, mean: float, std: float) -> Scaling:
        """Returns the scaling `(x − mean) / std`."""
        return cls(1 / std, -mean / std)

    def then(self, other: Scaling) -> Scaling:
        """Returns the scaling that does this one and then `other`."""
        return Scaling(self.scale * other.scale, self.offset * other.scale + other.offset)


@dataclasses.dataclass(frozen=True)
class Operation:
    """One step with weights of a network whose arrays have no telling names.

    Attributes:
        name: Of the step, unique in its file.
        arrays: Key in `WeightSource.arrays` of each of its weights, by our name of the weight.
        inputs: Names of the operations whose results reach it with no other in between.
    """

    name: str
    arrays: Mapping[str, str]
    inputs: frozenset[str]


@dataclasses.dataclass(frozen=True)
class WeightSource:
    """A weight file's content.

    Arrays lie as all three formats lay them out: convolutions `[out, in/groups, h, w]`, fully
    connected layers `[out, in]`, features of an image flattened channels first.

    Attributes:
        file: The file's name, without folder.
        format: `mxnet`, `pytorch` or `onnx`.
        sha256: Of the file, in hexadecimal.
        arrays: float32 arrays by name, in the file's order.
        scaling: What the network does itself to what it is fed; None if the file does not say.
        epsilons: ε of BatchNorm layers by their name in the file, where the file says.
        fixed_gammas: Names of the BatchNorm layers whose γ is 1 whatever the file holds; None if
            the file does not say.
        operations: Steps in the graph's order, where arrays are found by place and not by name.
    """

    file: str
    format: str
    sha256: str
    arrays: Mapping[str, np.ndarray]
    scaling: Scaling | None = None
    epsilons: Mapping[str, float] = dataclasses.field(default_factory=dict)
    fixed_gammas: frozenset[str] | None = None
    operations: tuple[Operation, ...] = ()
