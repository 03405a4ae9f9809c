import math
import re

import keras
import numpy as np
import pytest

from facerec_tf.backbones import HEAD, BatchNorm, stages
from facerec_tf.backbones.cost import parameters
from facerec_tf.backbones.inception_resnet import V1, V2, Repeat, inception_resnet
from facerec_tf.core.errors import ArgumentError
from tests.tolerance import NETWORK, assert_close


def layer_name(module):
    """The rule in `inception_resnet`'s docstring."""
    ends = {"last_linear": "head_fc", "last_bn": "embedding"}
    return ends.get(module) or re.sub(r"_(?=\d)", "", module).replace(".", "_")


def load(model, state):
    """Gives the model the weights of a PyTorch network, each exactly once."""
    loaded = set()
    for module in dict.fromkeys(key.rpartition(".")[0] for key in state):
        kinds = ("weight", "bias", "running_mean", "running_var")
        arrays = [state[f"{module}.{k}"].numpy() for k in kinds if f"{module}.{k}" in state]
        layer = model.get_layer(layer_name(module))
        if arrays[0].ndim > 1:
            arrays[0] = np.transpose(arrays[0], (2, 3, 1, 0) if arrays[0].ndim == 4 else (1, 0))
        layer.set_weights(arrays)
        loaded.add(layer.name)
    assert loaded == {layer.name for layer in model.layers if layer.weights}


@pytest.fixture(scope="module")
def v1():
    return inception_resnet(V1)


def test_v1_computes_what_facenet_pytorch_does(v1):
    torch = pytest.importorskip("torch")
    from tools.torch_networks.inception_resnet_v1 import InceptionResnetV1

    torch.manual_seed(0)
    theirs = InceptionResnetV1().eval()
    with torch.no_grad():
        for module in theirs.modules():
            if isinstance(module, torch.nn.Conv2d) and module.bias is None:
                torch.nn.init.kaiming_normal_(module.weight)
            if isinstance(module, (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.8, 1.2)
                module.bias.normal_(0, 0.1)
        load(v1, theirs.state_dict())
        images = np.random.default_rng(0).integers(0, 256, (2, 160, 160, 3), dtype=np.uint8)
        images[1] //= 4
        scaled = (images.astype(np.float32) - 127.5) / 128
        expected = theirs(torch.from_numpy(np.transpose(scaled, (0, 3, 1, 2)))).numpy()
    embeddings = np.asarray(v1(images))
    assert np.std(embeddings[0] - embeddings[1]) > 0.1
    assert_close(embeddings, expected, NETWORK)


def test_v1_costs_what_the_original_does(v1):
    assert v1.output_shape == (None, 512)
    # facenet-pytorch: 27,910,327 parameters with its classifier of 8,631 people.
    assert parameters(v1) == 27_910_327 - 8_631 * (512 + 1)
    norms = [layer for layer in v1.layers if isinstance(layer, BatchNorm)]
    assert {(n.momentum, n.epsilon) for n in norms} == {(0.995, 1e-3)}


def test_v2_has_the_parameters_of_keras_applications():
    """With one block of each kind, which count as often as they are repeated."""
    counts = {name: step.count for name, step in V2 if isinstance(step, Repeat)}
    short = tuple(
        (name, Repeat(1, step.step) if isinstance(step, Repeat) else step) for name, step in V2
    )
    model = inception_resnet(short, embedding_size=8)
    assert model.get_layer("conv2d7b_relu").output.shape == (None, 3, 3, 1536)
    total = 0
    for stage, layers in stages(model).items():
        # InceptionResNetV2 has no γ, and no embedding.
        weights = [w for layer in layers for w in layer.trainable_weights if w.name != "gamma"]
        if stage != HEAD:
            total += counts.get(stage, 1) * sum(math.prod(w.shape) for w in weights)
    assert counts == {"repeat1": 10, "repeat2": 20, "repeat3": 9}
    assert total == 54_276_192


def test_a_small_layout_trains_in_half_precision_and_keeps_in_a_file(tmp_path):
    # The stem, a block, and its last variant: every kind of step but the pools.
    layout = (V1[0], V1[2], V1[3], ("block35", V1[7][1].step))
    images = np.random.default_rng(0).integers(0, 256, (2, 75, 80, 3)).astype("float32")
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = inception_resnet(layout, embedding_size=8, input_shape=(75, 80, 3))
    finally:
        keras.config.set_dtype_policy(before)
    embeddings = model(images)
    assert embeddings.dtype == "float32"
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(images), embeddings)


def test_images_too_small_are_refused():
    with pytest.raises(ArgumentError, match="'input_shape' must be at least 75×75 pixels"):
        inception_resnet(V1, input_shape=(74, 160, 3))
