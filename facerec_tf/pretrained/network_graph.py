"""Connections between the layers of a functional model."""

from __future__ import annotations

import keras
from keras import layers, tree

from facerec_tf.pretrained.weight_layouts import Shape


class NetworkGraph:
    """Connections between the layers of a model that calls each layer once.

    Args:
        model: Functional model.
    """

    def __init__(self, model: keras.Model) -> None:
        makers = {id(x): layer for layer in model.layers for x in tree.flatten(layer.output)}
        self._feeding = {
            layer.name: [makers[id(x)] for x in tree.flatten(layer.input)]
            for layer in model.layers
            if not isinstance(layer, layers.InputLayer)
        }
        self._reached: dict[str, frozenset[str]] = {}
        for layer in model.layers:
            feeding = self._feeding.get(layer.name, [])
            self._reached[layer.name] = frozenset().union(*map(self._end, feeding))

    def inputs(self, layer: keras.layers.Layer) -> frozenset[str]:
        """Returns the names of the nearest layers with weights before `layer`."""
        return self._reached[layer.name]

    def flattened(self, layer: keras.layers.Layer) -> Shape | None:
        """Returns height, width and channels of the feature map that `layer` receives flattened.

        None if its input is not a flattened feature map.
        """
        while True:
            feeding = self._feeding.get(layer.name, [])
            if len(feeding) != 1 or feeding[0].weights:
                return None
            (layer,) = feeding
            if isinstance(layer, layers.Flatten):
                shape = tuple(layer.input.shape[1:])
                return shape if len(shape) == 3 else None

    def _end(self, layer: keras.layers.Layer) -> frozenset[str]:
        return frozenset({layer.name}) if layer.weights else self._reached[layer.name]
