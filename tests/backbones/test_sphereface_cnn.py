import keras
import numpy as np
import pytest

from facerec_tf.backbones import PReLU
from facerec_tf.backbones.cost import multiply_adds, parameters
from facerec_tf.backbones.sphereface_cnn import sphereface_cnn
from facerec_tf.core.errors import ArgumentError
from tests.tolerance import NETWORK, assert_close

#: Table 2 of 1704.08063: units per stage.
UNITS = {
    4: (0, 0, 0, 0),
    10: (0, 1, 2, 0),
    20: (1, 2, 4, 1),
    36: (2, 4, 8, 2),
    64: (3, 8, 16, 3),
}
WIDTHS = (64, 128, 256, 512)


def test_the_paper_counts_convolutions_as_layers():
    for depth, units in UNITS.items():
        assert 4 + 2 * sum(units) == depth


@pytest.mark.parametrize("depth", [4, 20])
def test_parameters_and_multiply_adds_by_hand(depth):
    model = sphereface_cnn(UNITS[depth])
    assert model.input_shape == (None, 112, 96, 3)
    assert model.output_shape == (None, 512)
    weights, products, channels, pixels = 0, 0, 3, 112 * 96
    for units, width in zip(UNITS[depth], WIDTHS, strict=True):
        pixels //= 4
        down, unit = 9 * channels * width, 2 * 9 * width * width
        # A bias in the strided convolution alone; a slope a channel after every convolution.
        weights += down + width + width + units * (unit + 2 * width)
        products += pixels * (down + units * unit)
        channels = width
    fully_connected = 7 * 6 * 512 * 512
    assert parameters(model) == weights + fully_connected + 512
    assert multiply_adds(model) == products + fully_connected


def forward(units, weights, images):
    """The network again, in PyTorch, from [batch, 3, h, w]."""
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    weights = {name: [torch.tensor(w) for w in ws] for name, ws in weights.items()}

    def conv(x, name, stride=1):
        kernel, *bias = weights[name]
        slope = weights[name.replace("conv", "prelu")][0].ravel()
        x = functional.conv2d(x, kernel.permute(3, 2, 0, 1), *bias, stride=stride, padding=1)
        return functional.prelu(x, slope)

    x = torch.tensor(images)
    for stage, count in enumerate(units, start=1):
        x = conv(x, f"stage{stage}_conv", 2)
        for unit in range(1, count + 1):
            name = f"stage{stage}_unit{unit}"
            x = x + conv(conv(x, f"{name}_conv1"), f"{name}_conv2")
    kernel, bias = weights["embedding"]
    return (x.permute(0, 2, 3, 1).flatten(1) @ kernel + bias).numpy()


@pytest.mark.parametrize("size", [(32, 24), (37, 19)])
def test_it_computes_what_pytorch_does(size):
    units, rng = (0, 2, 1), np.random.default_rng(0)
    model = sphereface_cnn(units, (4, 6, 8), embedding_size=5, input_shape=(*size, 3))
    for variable in model.trainable_variables:
        variable.assign(variable + 0.1 * rng.normal(size=variable.shape))
    weights = {layer.name: layer.get_weights() for layer in model.layers if layer.weights}
    images = rng.uniform(0, 255, (2, *size, 3)).astype("float32")
    scaled = np.transpose((images - 127.5) / 128, (0, 3, 1, 2))
    assert_close(model(images), forward(units, weights, scaled), NETWORK)


def test_initialisation_is_that_of_the_caffe_model():
    model = sphereface_cnn((1, 0), (32, 64), input_shape=(16, 16, 3))
    down = model.get_layer("stage2_conv")
    limit = np.sqrt(3 / (9 * 32))
    assert 0.95 * limit < np.abs(down.kernel).max() <= limit
    assert np.all(down.bias == 0)
    unit = model.get_layer("stage1_unit1_conv2")
    assert not unit.use_bias
    assert np.std(unit.kernel) == pytest.approx(0.01, rel=0.1)
    slopes = [layer for layer in model.layers if isinstance(layer, PReLU)]
    assert all(np.all(layer.alpha.numpy() == 0.25) for layer in slopes)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in model.layers)


def test_other_shapes_build_and_senseless_ones_are_refused():
    options = {"widths": (4, 4, 4, 4), "embedding_size": 8}
    assert sphereface_cnn(UNITS[4], input_shape=(112, 112, 3), **options).output_shape == (None, 8)
    with pytest.raises(ArgumentError, match="'input_shape' must be at least 16×16 pixels"):
        sphereface_cnn(UNITS[4], input_shape=(112, 15, 3), **options)
    with pytest.raises(ArgumentError, match="'units' must be as many as 'widths'"):
        sphereface_cnn((1, 2), **options)
    with pytest.raises(ArgumentError, match="'units' must be an integer of at least 0"):
        sphereface_cnn((1, 2, -1, 0), **options)
