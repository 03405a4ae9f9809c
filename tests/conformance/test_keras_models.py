"""What users of Keras expect of every network: summaries, configurations, clones, JSON."""

import keras
import numpy as np

from tests.conformance.networks import build, every_network, images


def same(copy, network):
    """Asserts that two networks have equal embeddings once they have equal weights."""
    assert type(copy) is type(network)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in network.layers]
    copy.set_weights(network.get_weights())
    pixels = images(network, 2)
    np.testing.assert_array_equal(copy(pixels), network(pixels))


@every_network
def test_summary(name):
    network = build(name)
    image = keras.Input(network.input_shape[1:])
    outer = keras.Model(image, keras.layers.Dense(3)(network(image)))
    for model in (network, outer):
        lines = []
        model.summary(print_fn=lines.append, expand_nested=True, line_length=160)
        text = "\n".join(lines)
        assert f"Total params: {model.count_params():,}" in text
        assert "embedding (" in text
        assert "?" not in text  # The shape of every output is known.


@every_network
def test_copies(name):
    network = build(name)
    same(type(network).from_config(network.get_config()), network)
    same(keras.models.clone_model(network), network)
    same(keras.models.model_from_json(network.to_json()), network)


@every_network
def test_every_layer_is_rebuilt_from_its_configuration(name):
    own = [layer for layer in build(name).layers if "facerec_tf" in type(layer).__module__]
    assert own
    for layer in own:
        config = layer.get_config()
        assert type(layer).from_config(config).get_config() == config
        assert f"name={layer.name}" in repr(layer)
