"""Names of a network family's layers and arrays in a project."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Container, Mapping

from facerec_tf.pretrained.weight_source import Scaling

#: Our name of a weight → suffix that PyTorch, or MXNet, appends to the layer's name.
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

#: Maps our name of a layer to theirs, or to None.
Rule = Callable[[str], str | None]


@dataclasses.dataclass(frozen=True)
class Units:
    """Rule for layers that occur once in each unit of a network.

    Attributes:
        pattern: Regular expression for our prefix of the unit; its groups are numbers.
        prefix: Function from these numbers to their prefix.
        parts: Our name of each layer in a unit → theirs.
    """

    pattern: str
    prefix: Callable[..., str]
    parts: Mapping[str, str]

    def __call__(self, name: str) -> str | None:
        """Returns their name of our layer `name`, or None if the rule does not apply."""
        match = re.fullmatch(f"{self.pattern}_(.+)", name)
        if match is None:
            return None
        *numbers, part = match.groups()
        return self.prefix(*map(int, numbers)) + self.parts[part] if part in self.parts else None


@dataclasses.dataclass(frozen=True)
class Naming:
    """Names of a family's layers and arrays in one project, and defaults for its files.

    Attributes:
        arrays: Our name of a weight → suffix that they append to the layer's name.
        layers: Our name of a layer that occurs once → theirs.
        rules: Rules for the other layers; the first that applies is used.
        scaling: Scaling of the pixels, unless the file defines it.
        epsilon: ε of all BatchNorm layers, unless the file defines it.
        epsilons: Exceptions from `epsilon`, by our name of the layer.
        fixed_gammas: Their names of the BatchNorm layers whose γ is 1, unless the file defines it.
        aliases: Their name of an array → its name in some other files.
        ignored: Regular expression for arrays that a backbone does not need, such as those of a
            classifier.
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
        """Returns their name of our layer `name`, or None if they have no such layer."""
        if name in self.layers:
            return self.layers[name]
        return next(filter(None, (rule(name) for rule in self.rules)), None)

    def array(self, layer: str, weight: str, present: Container[str]) -> str:
        """Returns their name of an array.

        Args:
            layer: Their name of its layer.
            weight: Our name of the weight.
            present: Names of the arrays in the file.
        """
        name = layer + self.arrays[weight]
        alias = self.aliases.get(name, name)
        return alias if alias in present and name not in present else name

    def epsilon_of(self, name: str) -> float:
        """Returns the default ε of our BatchNorm layer `name`."""
        return self.epsilons.get(name, self.epsilon)

    def is_ignored(self, array: str) -> bool:
        """Whether a backbone does not need `array`."""
        return self.ignored is not None and re.fullmatch(self.ignored, array) is not None
