"""Content of a weight file, independent of its format."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np


class Scaling(NamedTuple):
    """Scaling of pixels before a network's first layer: `x·scale + offset`."""

    scale: float = 1.0
    offset: float = 0.0

    @classmethod
    def of(cls, mean: float, std: float) -> Scaling:
        """Returns the scaling `(x − mean) / std`."""
        return cls(1 / std, -mean / std)

    def then(self, other: Scaling) -> Scaling:
        """Returns the scaling that applies this one and then `other`."""
        return Scaling(self.scale * other.scale, self.offset * other.scale + other.offset)


@dataclasses.dataclass(frozen=True)
class Operation:
    """Operation with weights in a network whose arrays have no meaningful names.

    Attributes:
        name: Name of the operation, unique in its file.
        arrays: Our name of each weight → key in `WeightSource.arrays`.
        inputs: Names of the nearest operations before it.
    """

    name: str
    arrays: Mapping[str, str]
    inputs: frozenset[str]


@dataclasses.dataclass(frozen=True)
class WeightSource:
    """Content of a weight file.

    Arrays have the layout common to all three formats: convolutions `[out, in/groups, h, w]`, fully
    connected layers `[out, in]`, feature maps flattened with the channels first.

    Attributes:
        file: Name of the file, without its folder.
        format: `mxnet`, `pytorch` or `onnx`.
        sha256: SHA-256 of the file, in hexadecimal.
        arrays: float32 arrays by name, in the file's order.
        scaling: Scaling that the network applies to its input; None if unknown.
        epsilons: ε of BatchNorm layers by their name in the file, where known.
        fixed_gammas: Names of the BatchNorm layers whose γ is 1 regardless of the file's values;
            None if unknown.
        operations: Operations in the graph's order, for formats without meaningful array names.
    """

    file: str
    format: str
    sha256: str
    arrays: Mapping[str, np.ndarray]
    scaling: Scaling | None = None
    epsilons: Mapping[str, float] = dataclasses.field(default_factory=dict)
    fixed_gammas: frozenset[str] | None = None
    operations: tuple[Operation, ...] = ()
