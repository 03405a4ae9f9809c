import numpy as np

from facerec_tf.backbones import fit, iresnet
from tests.tolerance import NETWORK, assert_close

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype(np.float32)


def small(input_shape):
    return iresnet((1,), (8,), embedding_size=4, dropout=0.0, input_shape=input_shape)


def test_a_network_of_the_right_size_is_left_alone():
    backbone = small((16, 16, 3))
    assert fit(backbone, (16, 16)) is backbone


def test_columns_are_cut_off_both_sides():
    backbone = small((16, 12, 3))
    fitted = fit(backbone, (16, 16))
    assert fitted.input_shape == (None, 16, 16, 3)
    assert_close(fitted(PIXELS), backbone(PIXELS[:, :, 2:14]), NETWORK)


def test_images_are_scaled():
    backbone = small((8, 8, 3))
    smooth = np.full((1, 16, 16, 3), 100.0, np.float32)
    assert_close(fit(backbone, (16, 16))(smooth), backbone(smooth[:, :8, :8]), NETWORK)


def test_the_same_layers_have_the_same_weights():
    backbone = small((8, 8, 3))
    fitted = fit(backbone, (16, 16))
    for ours, theirs in zip(fitted.weights, backbone.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
