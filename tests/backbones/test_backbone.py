import keras
import pytest

from facerec_tf import backbones
from facerec_tf.backbones import BACKBONES, Backbone
from facerec_tf.core.errors import ArgumentError


def build(depth, *, embedding_size=4, dropout=0.1, input_shape=(8, 6, 3), se=False, name="net"):
    return depth, embedding_size, dropout, input_shape, se, name


def test_a_network_is_its_family_with_some_arguments():
    net = Backbone("deep", build, "a paper", (3,), {"embedding_size": 16, "se": True})
    assert net() == (3, 16, 0.1, (8, 6, 3), True, "deep")
    assert net(se=False, embedding_size=2) == (3, 2, 0.1, (8, 6, 3), False, "deep")
    assert net.options == {"se": True}
    assert net.image_size == (8, 6)
    assert net.embedding_size == 16
    with pytest.raises(
        ArgumentError,
        match=r"'deep' does not take an argument 'depth'\. It takes: dropout, embedding_size, ",
    ):
        net(depth=4)


def test_the_size_of_images_is_named_as_its_flag():
    net = Backbone("deep", build, "a paper", (3,))
    assert net(image_size=(16, 12)) == net(input_shape=(16, 12, 3))
    assert net(image_size=[16, 12], se=True) == (3, 4, 0.1, (16, 12, 3), True, "deep")
    assert BACKBONES["iresnet_nano"](image_size=(48, 32)).input_shape == (None, 48, 32, 3)
    assert backbones.get("keras:MobileNet", image_size=(64, 32)).input_shape[1:] == (64, 32, 3)
    with pytest.raises(ArgumentError, match="'image_size' and 'input_shape' exclude each other"):
        net(image_size=(16, 12), input_shape=(16, 12, 3))
    for wrong in (112, (112,), (112, 112, 3), (112.0, 112), (0, 112), "112,112", None):
        with pytest.raises(ArgumentError, match="'image_size' must be"):
            net(image_size=wrong)


def test_a_network_says_its_size_and_cost():
    assert repr(BACKBONES["iresnet50"]) == (
        "<Backbone iresnet50: 112×112 pixels, embedding_size=512, parameters=43,590,336, "
        "ArcFace 1801.07698>"
    )
    assert "parameters" not in repr(backbones.find("keras:MobileNet"))


def test_unknown_names_and_arguments_are_refused():
    with pytest.raises(ArgumentError, match="Did you mean 'iresnet50'"):
        backbones.get("iresnet5o")
    with pytest.raises(ArgumentError, match="'embedding_size'"):
        backbones.get("iresnet_mini", embedding_size=0)
    with pytest.raises(ArgumentError, match="'dropout'"):
        backbones.get("iresnet_mini", dropout=1.0)
    with pytest.raises(ArgumentError, match="'input_shape'"):
        backbones.get("mobilefacenet", input_shape=(112, 112))


@pytest.mark.parametrize(
    "name", ["iresnet50", "y1", "vit_t", "nn1", "nn2", "inception_resnet_v1", "sphereface4"]
)
def test_channels_first_is_refused(name):
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(ArgumentError, match="'image_data_format' must be 'channels_last'"):
            BACKBONES[name]()
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize("name", BACKBONES)
def test_every_name_has_a_source_and_a_cost(name):
    network = BACKBONES[name]
    assert network.name == name
    assert network.source
    assert network.parameters > 1e5
    assert network.multiply_adds > 1e7
