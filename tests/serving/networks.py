"""Small networks whose every weight counts."""

import keras
import numpy as np

from facerec_tf.backbones import iresnet, mobilefacenet

SIZE = 16


def shake(model, seed=0):
    """Randomises constant initial values: statistics, γ, β, biases, slopes from −0.5 to 1.5."""
    rng = np.random.default_rng(seed)
    ranges = {
        "gamma": (0.5, 1.5),
        "moving_variance": (0.5, 2.0),
        "moving_mean": (-0.5, 0.5),
        "beta": (-0.5, 0.5),
        "bias": (-0.5, 0.5),
        "alpha": (-0.5, 1.5),
    }
    for weight in model.weights:
        if weight.name in ranges:
            weight.assign(rng.uniform(*ranges[weight.name], weight.shape))
    return model


def small_iresnet():
    """A network with norms before padded convolutions, a shortcut and head E."""
    return shake(iresnet((2,), (8,), embedding_size=4, input_shape=(SIZE, SIZE, 3)))


def small_mobilefacenet():
    """A network with depthwise and grouped convolutions, and head GDC."""
    shape = (SIZE, SIZE, 3)
    network = mobilefacenet(embedding_size=4, input_shape=shape, units=(1, 0, 0, 0), scale=2)
    return shake(network)


def images(count, seed=0, size=SIZE):
    """Returns uint8 noise `[count, size, size, 3]`."""
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, 3), np.uint8)


def unit(vectors):
    """Returns the rows at unit length."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def norms(model):
    """Returns the batch normalisations of a model by name."""
    kind = keras.layers.BatchNormalization
    return [layer.name for layer in model.layers if isinstance(layer, kind)]
