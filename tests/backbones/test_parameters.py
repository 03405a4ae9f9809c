"""Parameters and multiply-adds of the table: as published, and as counted."""

import gc

import keras
import numpy as np
import pytest

from facerec_tf import backbones
from facerec_tf.backbones import BACKBONES
from facerec_tf.backbones.cost import multiply_adds, parameters

#: Seconds to build each; what they cost follows from those below, see the tests at the end.
LARGE = {"iresnet100", "iresnet200", "vit_b", "vit_l", "inception_resnet_v2"}

#: Parameters and multiply-adds, as the sources named in docs/backbones.md state them, and those of
#: facenet-pytorch's file without its classifier.
PUBLISHED = {
    "iresnet18": (24_025_600 - 512, 2.6e9),
    "iresnet34": (34_139_328 - 512, 4.5e9),
    "iresnet50": (43_590_848 - 512, 6.3e9),
    "iresnet100": (65_156_160 - 512, 12.1e9),
    "iresnet200": (118_833_920 - 512, 23.5e9),
    "mbf": (2_059_520, 0.45e9),
    "nn1": (140e6, 1.6e9),
    "nn2": (7.5e6, 1.6e9),
    "nn3": (7.5e6, 0.8e9),
    "nn4": (6.6e6, 285e6),
    "nns1": (26e6, 220e6),
    "nns2": (4.3e6, 20e6),
    "inception_resnet_v1": (27_910_327 - (512 + 1) * 8631, None),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_table_is_as_published(name):
    published, work = PUBLISHED[name]
    network = BACKBONES[name]
    # What is published to the last one is met to the last one: it counts γ, though fixed to 1.
    exact = isinstance(published, int)
    np.testing.assert_allclose(network.parameters, published, rtol=0 if exact else 0.03)
    if work:
        np.testing.assert_allclose(network.multiply_adds, work, rtol=0.03)


@pytest.mark.parametrize("name", sorted(BACKBONES.keys() - LARGE))
def test_the_table_is_as_counted(name):
    network = BACKBONES[name]
    # Shapes are all that is counted; random values of the weights take most of the time.
    with keras.StatelessScope(initialize_variables=False):
        model = network()
    assert model.name == name
    assert model.input_shape == (None, *network.image_size, 3)
    assert model.output_shape == (None, network.embedding_size)
    assert parameters(model) == network.parameters
    assert multiply_adds(model) == network.multiply_adds
    del model
    keras.backend.clear_session()
    gc.collect()


def cost(name):
    return np.array([BACKBONES[name].parameters, BACKBONES[name].multiply_adds])


def test_deep_iresnets_have_more_of_the_same_units():
    # A unit without stride: two convolutions, three BatchNorms, a PReLU.
    widths, sides = np.array([64, 128, 256, 512]), np.array([56, 28, 14, 7])
    units = {name: np.array(BACKBONES[name].layout[0]) for name in BACKBONES if "iresnet" in name}
    unit = np.stack([18 * widths**2 + 7 * widths, 18 * widths**2 * sides**2])
    for name in ("iresnet34", "iresnet100", "iresnet200"):
        more = units[name] - units["iresnet18"]
        np.testing.assert_array_equal(cost(name), cost("iresnet18") + unit @ more)


def test_vits_are_as_deep_and_wide_as_they_say():
    for name in ("vit_t", "vit_s", "vit_b", "vit_l"):
        width, depth = BACKBONES[name].layout
        # Two LayerNorms, q, k, v, the projection, an MLP four times as wide.
        block = 4 * width + 4 * width**2 + width + 8 * width**2 + 5 * width
        patches = 9 * 9 * 3 * width + width + 144 * width
        head = 2 * width + 144 * width**2 + 2 * width + 512 * width + 2 * 512
        mask = width
        products = 144 * 12 * width**2 + 2 * 144**2 * width
        work = 144 * 9 * 9 * 3 * width + depth * products + 144 * width**2 + 512 * width
        assert cost(name).tolist() == [patches + depth * block + head + mask, work]


def test_epsilon_momentum_and_slopes_are_the_originals():
    model = backbones.get("iresnet_mini")
    norms = [layer for layer in model.layers if isinstance(layer, backbones.BatchNorm)]
    assert {(n.momentum, n.epsilon) for n in norms} == {(0.9, 2e-5)}
    slopes = [layer for layer in model.layers if isinstance(layer, backbones.PReLU)]
    assert all(np.all(layer.alpha.numpy() == 0.25) for layer in slopes)
    assert norms[-1].gamma is None
    assert not any(layer.use_bias for layer in model.layers if hasattr(layer, "kernel_size"))


def test_mobilefacenet_has_the_papers_parameters():
    model = backbones.get("mobilefacenet")
    # The paper counts the deployed network: BatchNorm folded, one bias a channel left of it.
    gammas = sum(int(np.prod(w.shape)) for w in model.trainable_weights if w.name == "gamma")
    assert parameters(model) - gammas == 993_344
