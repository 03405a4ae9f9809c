"""Holds FaceNet's networks against the tables of the paper, row by row."""

import math

import keras

from facerec_tf.backbones.cost import multiply_adds, parameters

_UNITS = {"K": 1e3, "M": 1e6, "B": 1e9}


def agrees(value, printed):
    """Whether a value is within 3 % of a figure like "1.6M", or rounds to it."""
    unit = _UNITS[printed[-1]]
    _, _, decimals = printed[:-1].partition(".")
    expected = float(printed[:-1]) * unit
    return abs(value - expected) <= max(0.03 * expected, unit / 10 ** len(decimals) / 2)


def rows(model):
    """Returns, stage by stage, the shape after it, its parameters and its FLOPS.

    The paper's FLOPS are parameters × pixels, so the biases count: NN1's conv2a has 64·64·55² =
    12.4M multiply-adds, and 64·55² additions make them the 12.6M that are printed as 13M.
    """
    ends = {stage_of(layer): layer.output for layer in model.layers}
    start, result = model.get_layer("scale_pixels").output, {}
    for stage, end in ends.items():
        if stage in ("image", "scale"):
            continue
        part = keras.Model(start, end)
        biases = sum(
            math.prod(layer.output.shape[1:-1]) * layer.bias.shape[0]
            for layer in model.layers
            if stage_of(layer) == stage and getattr(layer, "bias", None) is not None
        )
        result[stage] = (end.shape[1:], parameters(part), multiply_adds(part) + biases)
        start = end
    return result


def stage_of(layer):
    """Returns the row a layer belongs to."""
    return layer.name.split("_")[0]
