"""Each layout against PyTorch's own operation on the same numbers."""

import keras
import numpy as np
import pytest

from facerec_tf.backbones.grouped_conv import GroupedConv2D
from facerec_tf.pretrained.weight_layouts import dense, layout_of
from tests.tolerance import LAYER, assert_close

RNG = np.random.default_rng(0)
IMAGE = RNG.normal(size=(2, 5, 4, 6)).astype(np.float32)


@pytest.fixture
def nchw(torch):
    return torch.from_numpy(IMAGE).permute(0, 3, 1, 2)


def draw(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def load(layer, weight, array):
    layout = layout_of(layer, weight)
    assert layout.fits(array.shape)
    weight.assign(layout.take(array))


@pytest.mark.parametrize(
    ("make", "shape", "groups"),
    [
        (lambda: keras.layers.Conv2D(8, 3, use_bias=False), (8, 6, 3, 3), 1),
        (lambda: keras.layers.Conv2D(8, (1, 3), use_bias=False), (8, 6, 1, 3), 1),
        (lambda: keras.layers.DepthwiseConv2D(3, use_bias=False), (6, 1, 3, 3), 6),
        (lambda: GroupedConv2D(12, 3, groups=3, use_bias=False), (12, 2, 3, 3), 3),
    ],
    ids=["convolution", "oblong", "depthwise", "grouped"],
)
def test_convolutions(torch, nchw, make, shape, groups):
    layer, kernel = make(), draw(*shape)
    layer.build(IMAGE.shape)
    load(layer, layer.kernel, kernel)
    expected = torch.nn.functional.conv2d(nchw, torch.from_numpy(kernel), groups=groups)
    assert_close(layer(IMAGE), expected.permute(0, 2, 3, 1), LAYER)


def test_fully_connected_behind_a_flattened_image(torch, nchw):
    kernel = draw(7, 5 * 4 * 6)
    layout = dense((5 * 4 * 6, 7), flattened=IMAGE.shape[1:])
    expected = nchw.flatten(1) @ torch.from_numpy(kernel).T
    ours = IMAGE.reshape(2, -1) @ layout.take(kernel)
    assert_close(ours, expected, LAYER)


def test_slopes_and_fully_connected_layers():
    prelu, fc = keras.layers.PReLU(shared_axes=[1, 2]), keras.layers.Dense(3)
    prelu.build(IMAGE.shape)
    fc.build((2, 6))
    slopes, kernel = draw(6), draw(3, 6)
    for shape in ((6,), (6, 1, 1), (1, 6, 1, 1)):
        load(prelu, prelu.alpha, slopes.reshape(shape))
        np.testing.assert_array_equal(np.ravel(prelu.alpha), slopes)
    for shape in ((3, 6), (3, 6, 1, 1)):
        load(fc, fc.kernel, kernel.reshape(shape))
        np.testing.assert_array_equal(fc.kernel, kernel.T)


def test_other_shapes_do_not_fit():
    conv = keras.layers.Conv2D(8, (1, 3))
    conv.build(IMAGE.shape)
    layout = layout_of(conv, conv.kernel)
    for shape in ((8, 6, 3, 1), (6, 8, 1, 3), (8, 6, 3, 3), (8 * 6, 1, 3)):
        assert not layout.fits(shape)
    assert not layout_of(conv, conv.bias).fits((9,))
