"""The smallest batch that a network can be trained on."""

from __future__ import annotations

from collections.abc import Iterator

import keras

from facerec_tf.core.errors import argument_error


def require_batch_for_norm(backbone: keras.Model, batch_size: int, replicas: int = 1) -> None:
    """Raises `ArgumentError` if a batch normalization of `backbone` would see a single vector.

    A trainable batch normalization of vectors `[batch, d]` maps a batch of one image to its offset,
    whatever the image: the embedding is constant, and no gradient reaches the network.

    Args:
        backbone: The network; layers of nested models are checked, too.
        batch_size: Images per step over all replicas.
        replicas: Number of devices that share the batch. Layers that are not synchronized see only
            the images of their device.

    Raises:
        ArgumentError: If `batch_size` must be larger. The message names the layer.
    """
    for layer in _batch_norms(backbone):
        devices = 1 if layer.synchronized else replicas
        if batch_size // devices < 2:
            share = f" for each of {devices} devices" if devices > 1 else ""
            raise argument_error(
                "batch_size",
                f"at least 2 images{share}: layer '{layer.name}' normalizes over the batch, and a "
                "batch of one image trains nothing",
                batch_size,
            )


def _batch_norms(model: keras.Model) -> Iterator[keras.layers.BatchNormalization]:
    """Yields the trainable batch normalizations of vectors."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _batch_norms(layer)
        elif isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            shape = layer.input_spec
            # Of a vector, only the axis of the batch is left to normalize over.
            yield from [layer] if shape is not None and shape.ndim == 2 else []
