"""Folds batch normalisation into the layer before or behind it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers, tree

from facerec_tf.backbones import BatchNorm, Dropout
from facerec_tf.backbones.drop_path import DropPath
from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.serving.float32 import Replacements, in_float32, rebuild

# Exact types: what a subclass does with its kernel is not known.
#: Layers with a kernel to fold into: how many of its last axes number the outputs.
_LINEAR = {layers.Conv2D: 1, GroupedConv2D: 1, layers.DepthwiseConv2D: 2, layers.Dense: 1}
_NORMS = (layers.BatchNormalization, BatchNorm)
#: Layers that pass values through unchanged in inference.
_SILENT = (
    *(layers.Dropout, layers.SpatialDropout2D, layers.Flatten, layers.Identity),
    *(Dropout, DropPath),
)

Kernel = tuple[np.ndarray, np.ndarray]


def fold_batch_norm(model: keras.Model, replacements: Replacements | None = None) -> keras.Model:
    """Returns a float32 copy of `model` for inference: fewer layers, the same outputs.

    A BatchNorm whose statistics have come to rest is a scale and a shift of each channel. Behind a
    convolution or a fully connected layer both go into its kernel and bias, exactly; so they do
    before a fully connected layer. Before a convolution that pads they cannot: its zeros would
    have to be shifted, too. Dropout, `Flatten` and linear activations may lie between. Layers that
    are called twice, or whose output something else takes as well, stay.

    Args:
        model: Functional model of any precision policy; it is left as it is.
        replacements: Classes to rebuild layers as, by their own; of the same configuration,
            weights and outputs.

    Returns:
        A functional model whose layers have the names they had; those folded away are gone.
    """
    graph = _Graph()
    plain = in_float32(model, graph.call)
    graph.close(plain)
    kernels, gone = _fold(graph)

    def renew(layer: Any) -> Any:
        biased = {"use_bias": True} if layer.name in kernels else {}
        return rebuild(layer, replacements, **biased)

    def call(layer: Any, *args: Any, **kwargs: Any) -> Any:
        return args[0] if layer.name in gone else layer(*args, **kwargs)

    folded = keras.models.clone_model(plain, clone_function=renew, call_function=call)
    for layer in folded.layers:
        layer.set_weights(kernels.get(layer.name) or plain.get_layer(layer.name).get_weights())
    return folded


class _Call(NamedTuple):
    """One place in the graph where a layer is called."""

    layer: Any
    training: bool | None
    output: Any


class _Graph:
    """Who takes whose output, noted while a model is built."""

    def __init__(self) -> None:
        self.calls: list[_Call] = []
        self._takers: dict[int, list[_Call | None]] = {}
        self._times: Counter[str] = Counter()

    def call(self, layer: Any, *args: Any, **kwargs: Any) -> Any:
        """Calls `layer` and notes it."""
        made = _Call(layer, kwargs.get("training"), layer(*args, **kwargs))
        self.calls.append(made)
        self._times[layer.name] += 1
        self._note((args, kwargs), made)
        return made.output

    def close(self, model: keras.Model) -> None:
        """Notes what leaves the model."""
        self._note(model.outputs, None)

    def is_norm(self, call: _Call) -> bool:
        """Returns whether the call is one fixed scale and shift of the last axis."""
        if type(call.layer) not in _NORMS or self._times[call.layer.name] > 1 or call.training:
            return False
        return call.layer.axis in (-1, len(call.output.shape) - 1)

    def is_linear(self, call: _Call) -> bool:
        """Returns whether the call is one product with a kernel, channels last."""
        layer = call.layer
        return (
            type(layer) in _LINEAR
            and self._times[layer.name] == 1
            and layer.activation is keras.activations.linear
            and getattr(layer, "data_format", "channels_last") == "channels_last"
        )

    def behind(self, call: _Call) -> Iterator[_Call]:
        """Yields the calls after `call`, as long as each alone uses the output before it."""
        while True:
            takers = self._takers.get(id(call.output), [])
            if len(takers) != 1 or takers[0] is None:
                return
            call = takers[0]
            if not _is_silent(call.layer):
                yield call

    def _note(self, tensors: Any, taker: _Call | None) -> None:
        for tensor in tree.flatten(tensors):
            if isinstance(tensor, keras.KerasTensor):
                self._takers.setdefault(id(tensor), []).append(taker)


def _fold(graph: _Graph) -> tuple[dict[str, Kernel], set[str]]:
    """Returns the kernels and biases that change, by layer, and the norms that are in them."""
    kernels: dict[str, Kernel] = {}
    gone: set[str] = set()
    for call in graph.calls:
        layer = call.layer
        if graph.is_linear(call):
            for follower in graph.behind(call):
                if not graph.is_norm(follower) or not _fits(layer, follower.layer):
                    break
                kernels[layer.name] = _fold_behind(_kernel(layer, kernels), layer, follower.layer)
                gone.add(follower.layer.name)
        elif graph.is_norm(call) and layer.name not in gone:
            after = next(graph.behind(call), None)
            if after and type(after.layer) is layers.Dense and graph.is_linear(after):
                dense = after.layer
                kernels[dense.name] = _fold_before(_kernel(dense, kernels), layer)
                gone.add(layer.name)
    return kernels, gone


def _is_silent(layer: Any) -> bool:
    is_linear = type(layer) is layers.Activation and layer.activation is keras.activations.linear
    return is_linear or type(layer) in _SILENT


def _fits(linear: Any, norm: Any) -> bool:
    """Returns whether a norm counts a layer's outputs: not if a `Flatten` made more of them."""
    return norm.moving_mean.shape[0] == np.prod(_outputs(linear, linear.kernel))


def _fold_behind(kernel: Kernel, linear: Any, norm: Any) -> Kernel:
    weights, bias = kernel
    scale, shift = _scale_and_shift(norm)
    return weights * scale.reshape(_outputs(linear, weights)), bias * scale + shift


def _fold_before(kernel: Kernel, norm: Any) -> Kernel:
    weights, bias = kernel
    places = len(weights) // norm.moving_mean.shape[0]
    scale, shift = (np.tile(values, places) for values in _scale_and_shift(norm))
    return weights * scale[:, None], bias + shift @ weights


def _kernel(layer: Any, changed: dict[str, Kernel]) -> Kernel:
    """Returns kernel and bias as they stand, in float64."""
    if layer.name in changed:
        return changed[layer.name]
    kernel = np.asarray(layer.kernel, np.float64)
    if layer.bias is None:
        return kernel, np.zeros(np.prod(_outputs(layer, kernel)))
    return kernel, np.asarray(layer.bias, np.float64)


def _outputs(layer: Any, kernel: Any) -> tuple[int, ...]:
    return tuple(kernel.shape[-_LINEAR[type(layer)] :])


def _scale_and_shift(norm: Any) -> tuple[np.ndarray, np.ndarray]:
    mean, variance = (np.asarray(v, np.float64) for v in (norm.moving_mean, norm.moving_variance))
    gamma = 1.0 if norm.gamma is None else np.asarray(norm.gamma, np.float64)
    beta = 0.0 if norm.beta is None else np.asarray(norm.beta, np.float64)
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return scale, beta - mean * scale
