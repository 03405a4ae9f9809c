"""Every family of backbones once, as small as it gets, with the options that change its code."""

import keras
import numpy as np
import pytest

from facerec_tf.backbones.heads import HEADS
from facerec_tf.backbones.inception import InceptionLayout, Module, inception
from facerec_tf.backbones.inception_resnet import V1, inception_resnet
from facerec_tf.backbones.iresnet import iresnet
from facerec_tf.backbones.keras_application import keras_application
from facerec_tf.backbones.mobilefacenet import mobilefacenet
from facerec_tf.backbones.sphereface_cnn import sphereface_cnn
from facerec_tf.backbones.vit import vit
from facerec_tf.backbones.zeiler_fergus import zeiler_fergus

_INCEPTION = InceptionLayout(
    (8, 8, 16),
    (
        Module("3a", 8, (8, 8), (8, 8), "l2", 8),
        Module("3c", 0, (8, 8), (8, 8), "max", 0, stride=2),
    ),
    hidden=4,
)
_INCEPTION_RESNET = (V1[0], V1[2], V1[3], ("block35", V1[7][1].step))

#: Builders of small networks; all of them take `input_shape` and `dropout`.
NETWORKS = {
    "iresnet": (iresnet, ((1, 1), (8, 16)), {}),
    "iresnet-se": (iresnet, ((2,), (16,)), {"se": True, "drop_path": 0.2}),
    **{f"iresnet-{head}": (iresnet, ((1,), (8,)), {"embedding_head": head}) for head in HEADS},
    "mobilefacenet": (mobilefacenet, (), {"units": (1, 1, 0, 0)}),
    "mobilefacenet-mbf": (mobilefacenet, (), {"units": (1, 0, 1, 0), "scale": 2}),
    "vit": (vit, (16, 2, 2), {"drop_path": 0.2, "mask_ratio": 0.25}),
    "zeiler_fergus": (zeiler_fergus, (), {}),
    "inception": (inception, (_INCEPTION,), {}),
    "inception-batch_norm": (inception, (_INCEPTION,), {"batch_norm": True}),
    "inception_resnet": (inception_resnet, (_INCEPTION_RESNET,), {"input_shape": (75, 75, 3)}),
    "sphereface_cnn": (sphereface_cnn, ((1, 0), (8, 16)), {}),
    "keras_application": (keras_application, ("MobileNet",), {"input_shape": (64, 64, 3)}),
}

every_network = pytest.mark.parametrize("name", NETWORKS)

#: What is drawn anew in each step: nothing of it is left for an exact comparison.
STILL = {"dropout": 0.0, "drop_path": 0.0, "mask_ratio": 0.0}


def build(name, *, still=False, policy="float32"):
    """Builds a network with weights and statistics that differ; `still` ones draw nothing."""
    builder, layout, options = NETWORKS[name]
    options = {"input_shape": (32, 32, 3), "embedding_size": 8, "dropout": 0.3, **options}
    if still:
        options.update({k: v for k, v in STILL.items() if k in options})
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    keras.utils.set_random_seed(0)
    try:
        network = builder(*layout, **options)
    finally:
        keras.config.set_dtype_policy(before)
    generator = np.random.default_rng(1)
    for weight in network.weights:
        if weight.name in ("moving_variance", "gamma", "alpha"):
            weight.assign(generator.uniform(0.5, 1.5, weight.shape))
        elif weight.name in ("moving_mean", "beta", "bias"):
            weight.assign(generator.normal(0.0, 0.1, weight.shape))
    return network


def images(network, count=4):
    """Returns float32 pixels 0–255 of the network's size."""
    generator = np.random.default_rng(2)
    shape = (count, *network.input_shape[1:])
    return generator.integers(0, 256, shape).astype("float32")
