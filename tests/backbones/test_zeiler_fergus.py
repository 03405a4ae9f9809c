"""NN1 against table 1 of FaceNet (1503.03832)."""

import pytest

from facerec_tf.backbones.cost import multiply_adds, parameters
from facerec_tf.backbones.zeiler_fergus import zeiler_fergus
from facerec_tf.core.errors import ArgumentError
from tests.backbones.paper_tables import agrees, rows

#: Stage, size after its pooling, parameters and FLPS as printed.
TABLE = {
    "conv1": ((55, 55, 64), "9K", "115M"),
    "conv2a": ((55, 55, 64), "4K", "13M"),
    "conv2": ((28, 28, 192), "111K", "335M"),
    "conv3a": ((28, 28, 192), "37K", "29M"),
    "conv3": ((14, 14, 384), "664K", "521M"),
    "conv4a": ((14, 14, 384), "148K", "29M"),
    "conv4": ((14, 14, 256), "885K", "173M"),
    "conv5a": ((14, 14, 256), "66K", "13M"),
    "conv5": ((14, 14, 256), "590K", "116M"),
    "conv6a": ((14, 14, 256), "66K", "13M"),
    "conv6": ((7, 7, 256), "590K", "116M"),
    "fc1": ((32 * 128,), "103M", "103M"),
    "fc2": ((32 * 128,), "34M", "34M"),
    # 0.5M is .524M rounded.
    "embedding": ((128,), "524K", "0.5M"),
}


@pytest.fixture(scope="module")
def nn1():
    return zeiler_fergus()


def test_every_row_of_table_1(nn1):
    built = rows(nn1)
    built.pop("head")
    assert list(built) == list(TABLE)
    for stage, (shape, params, flps) in TABLE.items():
        assert built[stage][0] == shape, stage
        assert agrees(built[stage][1], params), (stage, built[stage])
        assert agrees(built[stage][2], flps), (stage, built[stage])


def test_totals(nn1):
    assert nn1.input_shape == (None, 220, 220, 3)
    assert agrees(parameters(nn1), "140M")
    assert agrees(multiply_adds(nn1), "1.6B")


def test_order_of_normalisation_and_pooling(nn1):
    names = [layer.name for layer in nn1.layers]
    after = {"conv1": ["conv1_pool", "conv1_norm"], "conv2": ["conv2_norm", "conv2_pool"]}
    for stage, expected in after.items():
        assert [n for n in names if n in expected] == expected, stage


def test_batch_norm_replaces_biases_and_local_normalisation():
    model = zeiler_fergus(batch_norm=True, input_shape=(32, 32, 3), embedding_size=8)
    names = {layer.name for layer in model.layers}
    assert not any(name.endswith("_norm") for name in names)
    for layer in model.layers:
        if layer.name.endswith("_conv"):
            assert not layer.use_bias
            assert layer.name.replace("_conv", "_bn") in names
    assert model.output_shape == (None, 8)


def test_images_too_small_are_refused():
    with pytest.raises(ArgumentError, match="'input_shape' must be at least 32×32 pixels"):
        zeiler_fergus(input_shape=(31, 64, 3))
    with pytest.raises(ArgumentError, match="'batch_norm' must be True or False"):
        zeiler_fergus(batch_norm="yes")
