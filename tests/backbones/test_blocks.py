import keras
import numpy as np
import pytest

from facerec_tf.backbones import blocks, iresnet


def convolve(image, kernel, stride, padding):
    """Plain NumPy convolution of [h, w, c] by [k, k, c, f], zeros alike on both sides."""
    image = np.pad(image, ((padding, padding), (padding, padding), (0, 0)))
    size = kernel.shape[0]
    rows = range(0, image.shape[0] - size + 1, stride)
    columns = range(0, image.shape[1] - size + 1, stride)
    return np.array(
        [
            [np.tensordot(image[r : r + size, c : c + size], kernel, 3) for c in columns]
            for r in rows
        ]
    )


@pytest.mark.parametrize(("stride", "size"), [(1, 6), (2, 6), (2, 7)])
def test_padding_is_alike_on_both_sides(stride, size):
    rng = np.random.default_rng(stride)
    inputs = keras.Input((size, size, 2))
    model = keras.Model(inputs, blocks.conv(inputs, 3, 3, "c", stride=stride, padding=1))
    image = rng.normal(size=(size, size, 2)).astype(np.float32)
    kernel = rng.normal(size=(3, 3, 2, 3)).astype(np.float32)
    model.set_weights([kernel])
    expected = convolve(image, kernel, stride, 1)
    np.testing.assert_allclose(model(image[None])[0], expected, atol=1e-5)


def test_pixels_are_scaled_inside():
    inputs, scaled = blocks.image_input((2, 2, 3))
    model = keras.Model(inputs, scaled)
    pixels = np.array([[[[0] * 3, [255] * 3], [[127] * 3, [128] * 3]]], np.uint8)
    expected = (pixels.astype(np.float32) - 127.5) / 127.5
    np.testing.assert_allclose(model(pixels), expected, atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_embeddings_are_float32_under_every_policy(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        model = iresnet((1, 1), (8, 8), embedding_size=4, input_shape=(16, 16, 3))
    finally:
        keras.config.set_dtype_policy(before)
    assert model.get_layer("stage1_unit1_conv1").compute_dtype == policy.removeprefix("mixed_")
    assert model(np.zeros((2, 16, 16, 3), np.uint8)).dtype == "float32"


def test_a_residual_unit_is_the_sum_of_its_paths():
    model = iresnet((2,), (4,), embedding_size=4, input_shape=(8, 8, 3))
    names = [layer.name for layer in model.layers]
    assert "stage1_unit1_shortcut_conv" in names
    assert "stage1_unit2_shortcut_conv" not in names
    probe = keras.Model(
        model.input,
        [model.get_layer(n).output for n in ("stage1_unit1_add", "stage1_unit2_bn3")]
        + [model.get_layer("stage1_unit2_add").output],
    )
    first, residual, total = probe(np.random.default_rng(0).integers(0, 256, (1, 8, 8, 3)))
    np.testing.assert_allclose(total, first + residual, rtol=1e-6)
