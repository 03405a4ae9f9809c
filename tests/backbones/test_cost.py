import keras
import pytest
from keras import layers

from facerec_tf import backbones
from facerec_tf.backbones.cost import multiply_adds, parameters
from facerec_tf.core.errors import ArgumentError


@pytest.mark.parametrize(
    ("name", "published"),
    [("iresnet18", 2.6e9), ("mobilefacenet", 0.22e9)],
)
def test_published_multiply_adds(name, published):
    assert multiply_adds(backbones.get(name)) == pytest.approx(published, rel=0.03)


def test_a_network_of_keras_applications():
    model = keras.applications.MobileNetV2(weights=None)
    # 1801.04381, table 4: 3.4M parameters, 300M multiply-adds.
    assert multiply_adds(model) == pytest.approx(300e6, rel=0.01)
    assert parameters(model) == pytest.approx(3.4e6, rel=0.04)


def cost_of(shape, *stack):
    return multiply_adds(keras.Sequential([keras.Input(shape), *stack]))


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Conv2D(8, (3, 5), strides=2), (11, 11, 4), 5 * 4 * 8 * 3 * 5 * 4),
        (layers.Conv2D(8, 3, groups=4), (6, 6, 4), 4 * 4 * 8 * 9 * 1),
        (layers.DepthwiseConv2D(3, depth_multiplier=2), (6, 6, 4), 4 * 4 * 4 * 2 * 9),
        (layers.Dense(7), (5,), 5 * 7),
        (layers.Dense(7), (3, 5), 3 * 5 * 7),
        (layers.EinsumDense("...x,xy->...y", 7), (3, 5), 3 * 5 * 7),
        (layers.EinsumDense("abc,cd->abd", (3, 7)), (3, 5), 3 * 5 * 7),
        (layers.PReLU(), (6, 6, 4), 0),
    ],
)
def test_layers(layer, shape, expected):
    assert cost_of(shape, layer) == expected


def test_attention():
    tokens, width, heads, size = 6, 8, 2, 3
    x = keras.Input((tokens, width))
    model = keras.Model(x, layers.MultiHeadAttention(heads, size)(x, x))
    projections = 4 * tokens * width * heads * size
    assert multiply_adds(model) == projections + 2 * tokens * tokens * heads * size


def test_weights_shared_by_two_layers_count_once_as_parameters():
    x = keras.Input((5,))
    layer = layers.Dense(5)
    model = keras.Model(x, layer(layer(x)))
    assert parameters(model) == 30
    assert multiply_adds(model) == 50
    layer.trainable = False
    assert parameters(model) == 0


def test_models_without_fixed_shapes_are_refused():
    with pytest.raises(ArgumentError, match="'model' must be of one input's shape"):
        cost_of((None, None, 3), layers.Conv2D(4, 3))
    with pytest.raises(ArgumentError, match="'model' must be without loops"):
        cost_of((4, 3), layers.LSTM(2))
