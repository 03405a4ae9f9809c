"""What a project calls the layers and arrays of a family of networks."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Container, Mapping

from facerec_tf.pretrained.weight_source import Scaling

#: Our name of a weight → what PyTorch, and MXNet, append to the layer's name.
PYTORCH_ARRAYS = {
    "kernel": ".weight",
    "bias": ".bias",
    "gamma": ".weight",
    "beta": ".bias",
    "moving_mean": ".running_mean",
    "moving_variance": ".running_var",
    "alpha": ".weight",
}
MXNET_ARRAYS = {
    "kernel": "_weight",
    "bias": "_bias",
    "gamma": "_gamma",
    "beta": "_beta",
    "moving_mean": "_moving_mean",
    "moving_variance": "_moving_var",
    "alpha": "_gamma",
}

#: Takes our name of a layer and returns theirs, or None.
Rule = Callable[[str], str | None]


@dataclasses.dataclass(frozen=True)
class Units:
    """The rule for layers that come once in every unit of a network.

    Attributes:
        pattern: Matches our name up to the part; its groups are numbers.
        prefix: Makes their name up to the part of these numbers.
        parts: Our name of each part → theirs.
    """

    pattern: str
    prefix: Callable[..., str]
    parts: Mapping[str, str]

    def __call__(self, name: str) -> str | None:
        """Returns their name of the layer we call `name`, or None if it is none of these."""
        match = re.fullmatch(f"{self.pattern}_(.+)", name)
        if match is None:
            return None
        *numbers, part = match.groups()
        return self.prefix(*map(int, numbers)) + self.parts[part] if part in self.parts else None


@dataclasses.dataclass(frozen=True)
class Naming:
    """Names of a family's layers and arrays in one project, and what its files leave unsaid.

    Attributes:
        arrays: Our name of a weight → what they append to the layer's name.
        layers: Our name of a layer that comes once → theirs.
        rules: For the other layers; the first that knows a name counts.
        scaling: Of the pixels, unless the file says.
        epsilon: ε of every BatchNorm, unless the file says.
        epsilons: Another ε, by our name of the layer.
        fixed_gammas: Their names of the BatchNorm layers whose γ is 1, unless the file says.
        aliases: Their name of an array → another that it has in some files.
        ignored: Matches names of arrays that a backbone may do without, such as a classifier's.
    """

    arrays: Mapping[str, str]
    layers: Mapping[str, str]
    rules: tuple[Rule, ...]
    scaling: Scaling
    epsilon: float
    epsilons: Mapping[str, float] = dataclasses.field(default_factory=dict)
    fixed_gammas: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = dataclasses.field(default_factory=dict)
    ignored: str | None = None

    def layer(self, name: str) -> str | None:
        """Returns their name of the layer we call `name`, or None if they have no such layer."""
        if name in self.layers:
            return self.layers[name]
        return next(filter(None, (rule(name) for rule in self.rules)), None)

    def array(self, layer: str, weight: str, present: Container[str]) -> str:
        """Returns their name of an array.

        Args:
            layer: Their name of its layer.
            weight: Our name of the weight.
            present: The names that are in the file.
        """
        name = layer + self.arrays[weight]
        alias = self.aliases.get(name)
        return alias if alias in present and name not in present else name

    def epsilon_of(self, name: str) -> float:
        """Returns ε of the BatchNorm we call `name`, where the file is silent."""
        return self.epsilons.get(name, self.epsilon)

    def is_ignored(self, array: str) -> bool:
        """Returns whether a backbone may do without `array`."""
        return self.ignored is not None and re.fullmatch(self.ignored, array) is not None
