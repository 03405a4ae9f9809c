import keras
import numpy as np
import pytest
import tensorflow as tf

from facerec_tf.backbones import blocks, grouped_conv
from facerec_tf.backbones.grouped_conv import GroupedConv2D
from tests.backbones.convolution import convolve

FORMS = pytest.mark.parametrize("native", [True, False], ids=["kernel", "depthwise"])


@pytest.fixture
def form(native, monkeypatch):
    monkeypatch.setattr(grouped_conv, "kernel_has_gradients", lambda: native)


def layer_and_image(stride, channels=6, filters=9, groups=3):
    rng = np.random.default_rng(stride)
    inputs = keras.Input((6, 5, channels))
    outputs = blocks.grouped_conv(inputs, filters, 3, groups, "c", stride=stride, padding=1)
    model = keras.Model(inputs, outputs)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    return model, rng.normal(size=(2, 6, 5, channels)).astype(np.float32)


def group_by_group(images, kernel, groups, stride):
    channels, filters = np.split(images, groups, axis=-1), np.split(kernel, groups, axis=-1)
    return np.array(
        [
            np.concatenate(
                [
                    convolve(share[index], own, stride, (1, 1))
                    for share, own in zip(channels, filters, strict=True)
                ],
                axis=-1,
            )
            for index in range(len(images))
        ]
    )


@FORMS
@pytest.mark.parametrize("stride", [1, 2])
def test_each_group_is_convolved_by_itself(form, stride):
    model, images = layer_and_image(stride)
    kernel = model.weights[0].numpy()
    assert kernel.shape == (3, 3, 2, 9)
    expected = group_by_group(images, kernel, 3, stride)
    np.testing.assert_allclose(model(images), expected, atol=1e-5)


@FORMS
def test_gradients_are_those_of_the_groups(form):
    """The layer is linear in either argument, so a gradient's product with any is a value."""
    model, images = layer_and_image(1)
    rng = np.random.default_rng(1)
    x, kernel = tf.constant(images), model.weights[0]
    upstream = rng.normal(size=(2, 6, 5, 9)).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_sum(model(x, training=True) * upstream)
    along_x, along_kernel = tape.gradient(loss, [x, kernel.value])
    for gradient, arguments in (
        (along_x, lambda other: (other, kernel.numpy())),
        (along_kernel, lambda other: (images, other)),
    ):
        other = rng.normal(size=gradient.shape).astype(np.float32)
        expected = np.sum(group_by_group(*arguments(other), 3, 1) * upstream)
        np.testing.assert_allclose(np.sum(gradient * other), expected, rtol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@FORMS
def test_half_precision_stays(form, policy):
    layer = GroupedConv2D(4, 3, groups=2, dtype=policy)
    assert layer(np.ones((1, 5, 5, 4))).dtype == policy.removeprefix("mixed_")


def test_a_file_keeps_it(tmp_path):
    model, images = layer_and_image(2)
    model.save(tmp_path / "m.keras")
    again = keras.saving.load_model(tmp_path / "m.keras")
    assert type(again.get_layer("c")) is GroupedConv2D
    np.testing.assert_array_equal(again(images), model(images))


def test_the_probe_tells_whether_the_kernel_trains():
    def train():
        x, kernel = tf.ones((1, 5, 5, 4)), tf.Variable(tf.ones((3, 3, 2, 4)))
        with tf.GradientTape() as tape:
            outputs = tf.nn.conv2d(x, kernel, 1, "VALID")
        return tape.gradient(outputs, kernel)

    if grouped_conv.kernel_has_gradients():
        assert train() is not None
    else:
        with pytest.raises(tf.errors.InvalidArgumentError):
            train()
