"""Choice of the backbone and of the weight plan for a file."""

from __future__ import annotations

import keras

from facerec_tf.backbones import BACKBONES, Backbone
from facerec_tf.pretrained.matching import plan_by_order
from facerec_tf.pretrained.names import NAMINGS, find_naming
from facerec_tf.pretrained.weight_plan import WeightPlan, plan_by_name
from facerec_tf.pretrained.weight_source import WeightSource


def make_plan(preset: Backbone, network: keras.Model, source: WeightSource) -> WeightPlan:
    """Returns the assignment of the file's arrays to the weights of a network built by `preset`.

    Raises:
        ArgumentError: If this package has no table of names for the file's format and the
            network's family.
    """
    if source.operations:
        return plan_by_order(network, source)
    return plan_by_name(network, source, find_naming(preset, source.format))


def embedding_size(preset: Backbone, source: WeightSource) -> int | None:
    """Returns the length of the file's embeddings; None if their array is missing.

    Raises:
        ArgumentError: As for `make_plan`.
    """
    if source.operations:
        array = next(iter(source.operations[-1].arrays.values()))
    else:
        naming = find_naming(preset, source.format)
        array = naming.array(str(naming.layer("embedding")), "beta", source.arrays)
    return source.arrays[array].shape[0] if array in source.arrays else None


def fitting_backbone(source: WeightSource, chosen: Backbone) -> str | None:
    """Returns the name of the first backbone other than `chosen` that the file fits."""
    size = sum(array.size for array in source.arrays.values())
    for preset in BACKBONES.values():
        is_known = source.operations or source.format in NAMINGS.get(preset.builder.__name__, {})
        # The file may contain statistics and a classifier, which are not parameters.
        if preset is chosen or not is_known or not 0.5 < (preset.parameters or size) / size < 1.01:
            continue
        own = embedding_size(preset, source)
        network = preset(embedding_size=own) if own else preset()
        if not make_plan(preset, network, source).faults(source):
            return preset.name
    return None
