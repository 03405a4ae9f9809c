"""Descriptions of single losses and backbones, from their classes, builders and docstrings."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

from facerec_tf.backbones import BACKBONES, find
from facerec_tf.backbones.backbone import Backbone
from facerec_tf.backbones.heads import HEADS
from facerec_tf.core.hyperparameters import hyperparameters
from facerec_tf.flags import typed
from facerec_tf.losses import LOSSES
from facerec_tf.models import MAIN_LOSSES
from facerec_tf.verbs.help_layout import flag_entry, unwrap

#: Name of the description of all networks of keras.applications.
KERAS = "keras"

#: One of them, for the options that all share.
_KERAS_EXAMPLE = "keras:EfficientNetV2B0"

#: Description of an argument that has the same meaning as in another class.
_AS_OTHER = re.compile(r"As `(\w+)`\.")


def describe_losses() -> dict[str, str]:
    """Name → description of every loss: source, formula, parameters and defaults."""
    return {name: _describe_loss(name, kind) for name, kind in MAIN_LOSSES.items()}


def describe_backbones() -> dict[str, str]:
    """Name → description of every backbone, and of those of keras.applications together."""
    descriptions = {name: _describe_backbone(network) for name, network in BACKBONES.items()}
    return {**descriptions, KERAS: _describe_backbone(find(_KERAS_EXAMPLE))}


def _describe_loss(name: str, kind: type) -> str:
    body, arguments = _split(inspect.getdoc(kind) or "")
    entries = []
    for parameter, default in hyperparameters(kind).items():
        text = arguments[parameter]
        if other := _AS_OTHER.fullmatch(text):
            (base,) = (each for each in kind.__mro__ if each.__name__ == other[1])
            text = _split(inspect.getdoc(base) or "")[1][parameter]
        negation = "[no]" if isinstance(default, bool) else ""
        entries.append(flag_entry(f"{negation}{parameter}", text, default=_default(default)))
    use = f"facerec train --loss={name}"
    lines = [f"{name}: {getattr(kind, 'source', '')}", "", body, ""]
    lines += [f"Parameters, as flags of `{use}`:", *entries] if entries else [f"    {use}"]
    if name in LOSSES:
        weight = LOSSES[name].auxiliary_weight
        added = "".join(f"[:{parameter}=VALUE]" for parameter in hyperparameters(kind))
        lines += ["", "Added to another loss:", "", f"    --auxiliary={name}:{weight:g}{added}"]
    return "\n".join(lines)


def _describe_backbone(network: Backbone) -> str:
    builder = network.builder
    _, arguments = _split(inspect.getdoc(builder) or "")
    family, _ = _split(inspect.getdoc(sys.modules[builder.__module__]) or "")
    arguments["embedding_head"] = f"Layers of the embedding: {', '.join(HEADS)}."
    options = {
        "embedding_size": network.embedding_size,
        "dropout": inspect.signature(builder).parameters["dropout"].default,
        **network.options,
    }
    entries = [
        flag_entry(
            f"{'[no]' if isinstance(default, bool) else ''}{name}",
            arguments[name],
            default=_default(default),
        )
        for name, default in options.items()
    ]
    height, width = network.image_size
    entries.append(
        flag_entry("image_size", "Height and width of the input.", default=f"{height},{width}")
    )
    known = builder is not find(_KERAS_EXAMPLE).builder
    name = network.name if known else "keras:NAME"
    lines = [f"{name}: {network.source}", "", family, ""]
    if network.parameters and network.multiply_adds:
        lines += [
            f"{network.parameters / 1e6:.1f} million parameters, "
            f"{network.multiply_adds / 1e9:.2f} billion multiply-adds per image.",
            "",
        ]
    return "\n".join([*lines, f"Options, as flags of `facerec train --backbone={name}`:", *entries])


def _default(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else typed(value)


def _split(docstring: str) -> tuple[str, dict[str, str]]:
    """The text of a docstring without its sections, and its arguments: name → description."""
    body, *sections = re.split(r"^(?=(?:Args|Returns|Raises|Attributes):$)", docstring, flags=re.M)
    arguments: dict[str, str] = {}
    for section in sections:
        if section.startswith("Args:"):
            for match in re.finditer(r"^    (\w+): (.*(?:\n {8}.*)*)", section, re.M):
                arguments[match[1]] = " ".join(match[2].split())
    return unwrap(body.strip()), arguments


#: Verb → its descriptions; `facerec VERB NAME` prints one.
DESCRIPTIONS: Mapping[str, Callable[[], dict[str, str]]] = {
    "losses": describe_losses,
    "backbones": describe_backbones,
}
