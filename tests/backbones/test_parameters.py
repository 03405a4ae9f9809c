"""Parameter counts and layouts as the papers and published code have them."""

import numpy as np
import pytest

from facerec_tf import backbones
from facerec_tf.core.errors import ArgumentError


def trainable(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("iresnet18", 24_025_600),
        ("iresnet34", 34_139_328),
        ("iresnet50", 43_590_848),
        ("iresnet100", 65_156_160),
        ("iresnet200", 118_833_920),
    ],
)
def test_iresnet(name, parameters):
    model = backbones.get(name)
    # The published counts include the last γ, which is fixed to 1.
    assert trainable(model) + 512 == parameters
    assert model.input_shape == (None, 112, 112, 3)
    assert model.output_shape == (None, 512)
    assert model.name == name


def test_mobilefacenet_has_the_papers_parameters():
    model = backbones.get("mobilefacenet")
    assert model.output_shape == (None, 128)
    # The paper counts the deployed network: BatchNorm folded, one bias a channel left of it.
    gammas = sum(int(np.prod(w.shape)) for w in model.trainable_weights if w.name == "gamma")
    assert trainable(model) - gammas == 993_344


def test_epsilon_momentum_and_slopes_are_the_originals():
    model = backbones.get("iresnet_mini")
    norms = [layer for layer in model.layers if isinstance(layer, backbones.BatchNorm)]
    assert {(n.momentum, n.epsilon) for n in norms} == {(0.9, 2e-5)}
    slopes = [layer for layer in model.layers if isinstance(layer, backbones.PReLU)]
    assert all(np.all(layer.alpha.numpy() == 0.25) for layer in slopes)
    assert norms[-1].gamma is None
    assert not any(layer.use_bias for layer in model.layers if hasattr(layer, "kernel_size"))


def test_unknown_names_and_arguments_are_refused():
    with pytest.raises(ArgumentError, match="Did you mean 'iresnet50'"):
        backbones.get("iresnet5o")
    with pytest.raises(ArgumentError, match="'embedding_size'"):
        backbones.get("iresnet_mini", embedding_size=0)
    with pytest.raises(ArgumentError, match="'dropout'"):
        backbones.get("iresnet_mini", dropout=1.0)
    with pytest.raises(ArgumentError, match="'input_shape'"):
        backbones.get("mobilefacenet", input_shape=(112, 112))
